// The page: brings its parts together.

import { catalogue, Problem, sample, useKey } from "./api.js";
import { Boxes } from "./boxes.js";
import { offerCamera } from "./camera.js";
import { takePhotos } from "./intake.js";
import { Legend, spoken } from "./legend.js";
import { Notice } from "./notice.js";
import { Options } from "./options.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { Takeaway } from "./takeaway.js";
import { Timings } from "./timings.js";
import { View } from "./view.js";

const SETTLE_MS = 350;
const UNSHOWN = {
  title: "Your browser cannot show this photo",
  detail: "The service can read it: send it by code, or convert it.",
};
const element = (id) => document.getElementById(id);

const view = new View(element("photo"), element("mask"));
const legend = new Legend(element("legend"), (index) => view.set({ lit: index }));
const timings = new Timings({
  bar: element("time-bar"),
  list: element("time-list"),
  note: element("time-note"),
  hint: element("time-hint"),
});
const options = new Options(element("options"), () => refresh());
const boxes = new Boxes(element("boxes"), () => boxesChanged());
const session = new Session(options, boxes);
const stage = new Stage(
  {
    stage: element("stage"),
    frame: element("frame"),
    tip: element("tip"),
    divider: element("divider"),
    line: element("divider-line"),
  },
  (index) => {
    legend.mark(index);
    view.set({ lit: index ?? legend.pinned });
  },
);
const notice = new Notice({
  alert: element("alert"),
  title: element("alert-title"),
  detail: element("alert-detail"),
  fields: element("alert-fields"),
  retry: element("retry"),
  dismiss: element("dismiss"),
  keyForm: element("key-form"),
  status: element("status"),
});
const takeaway = new Takeaway(
  {
    savers: document.querySelectorAll("[data-save]"),
    languages: document.querySelectorAll("input[name=language]"),
    code: element("snippet"),
    copier: element("copy"),
  },
  session,
  { opacity, say: (text) => notice.say(text), fail: (error) => fail(error, null) },
);

let isOffered = false;
let settling = 0;

/** What is served, asked for once; fails where a key is needed. */
async function offer() {
  if (isOffered) return;
  options.offer(await catalogue());
  isOffered = true;
}

/** Take a photo, whichever way it came. */
async function open(photo, name) {
  notice.clear();
  clearTimeout(settling);
  session.open(photo, name);
  takeaway.canSave = false;
  let picture;
  try {
    picture = await createImageBitmap(photo);
  } catch {
    await refuse();
    return;
  }
  // Another one may have come in meanwhile.
  if (session.photo !== photo) return;
  stage.fit(picture);
  boxes.reset(picture);
  view.show(picture);
  element("clear-boxes").hidden = !boxes.isFinding;
  showWork(true);
  await refresh();
}

/** Have the service say what is wrong with a photo that the browser cannot read. */
async function refuse() {
  showWork(false);
  try {
    await offer();
    await session.ask();
    notice.show(UNSHOWN);
  } catch (error) {
    fail(error, null);
  }
}

function showWork(is) {
  if (is && element("work").hidden) {
    // What had the focus is about to go.
    element("main").focus();
    scrollTo(0, 0);
  }
  element("work").hidden = element("renew").hidden = !is;
  element("welcome").hidden = is;
}

/** Ask the service about the photo as the controls stand. */
async function refresh() {
  if (session.photo === null) return;
  notice.clear();
  notice.say("Looking at the photo");
  stage.isBusy = true;
  try {
    await offer();
    const answer = await session.ask();
    if (answer === null) return;
    show(answer);
  } catch (error) {
    fail(error, refresh);
  }
  stage.isBusy = false;
  if (isOffered) takeaway.write();
}

function show({ mask, stages, roundTripMs, found }) {
  stage.mask = mask;
  if (found !== null) boxes.show(found);
  view.lay(mask);
  takeaway.canSave = true;
  const parts = legend.show(mask);
  view.set({ lit: null });
  timings.show(stages, roundTripMs);
  const names = parts.map(({ index }) => spoken(mask.name(index)));
  element("parts-note").textContent = names.length ? `${names.length} found` : "none found";
  const told = names.length ? `Found: ${names.join(", ")}` : "No person was found";
  element("mask").ariaLabel = told;
  notice.say(told);
}

function fail(error, again) {
  const problem = error instanceof Problem ? error
    : { title: "The answer could not be shown", detail: error.message };
  notice.say("");
  notice.show(problem, problem.isPassing ? again : null);
}

function boxesChanged() {
  element("find").setAttribute("aria-pressed", String(boxes.isFinding));
  element("clear-boxes").hidden = boxes.all.length === 0 && !boxes.isFinding;
  clearTimeout(settling);
  settling = setTimeout(refresh, SETTLE_MS);
}

function opacity() {
  return element("opacity").valueAsNumber / 100;
}

const tell = (problem) => notice.show(problem);
takePhotos({ picker: element("file"), veil: element("drop-veil") }, open, tell);
offerCamera({ opener: element("open-camera"), dialog: element("camera") }, open, tell);

element("pick").addEventListener("click", () => element("file").click());
element("sample").addEventListener("click", async () => {
  try {
    await open(await sample(), "astronaut.jpg");
  } catch (error) {
    fail(error, null);
  }
});
element("renew").addEventListener("click", () => {
  showWork(false);
  notice.clear();
  element("pick").focus();
});
element("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(element("key").value);
  notice.clear();
  refresh();
});
element("opacity").addEventListener("input", () => {
  element("opacity-value").textContent = `${element("opacity").value} %`;
  view.set({ opacity: opacity() });
});
for (const radio of document.querySelectorAll("input[name=mode]")) {
  radio.addEventListener("change", () => {
    stage.mode = radio.value;
    view.set({ isSolid: radio.value === "compare" });
  });
}
element("draw").addEventListener("click", () => {
  const isOn = element("draw").getAttribute("aria-pressed") !== "true";
  element("draw").setAttribute("aria-pressed", String(isOn));
  element("draw-hint").hidden = !isOn;
  boxes.isDrawing = isOn;
  // The divider would be in the way of the pointer.
  if (isOn) document.querySelector("input[name=mode][value=overlay]").click();
});
element("add-box").addEventListener("click", () => boxes.add());
element("find").addEventListener("click", () => {
  boxes.isFinding = !boxes.isFinding;
});
element("clear-boxes").addEventListener("click", () => {
  boxes.isFinding = false;
  element("draw").focus();
});
