// The page: brings its parts together.

import { address, catalogue, Problem, useKey } from "./api.js";
import { Boxes } from "./boxes.js";
import { offerCamera } from "./camera.js";
import { copy } from "./clipboard.js";
import { takePhotos } from "./intake.js";
import { Legend, spoken } from "./legend.js";
import { Notice } from "./notice.js";
import { Options } from "./options.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { Timings } from "./timings.js";
import { View } from "./view.js";

const SETTLE_MS = 350;
const SHORT_MS = 1500;
const UNSHOWN = {
  title: "Your browser cannot show this photo",
  detail: "The service can read it: send it by code, or convert it.",
};
const element = (id) => document.getElementById(id);
const savers = document.querySelectorAll("[data-save]");

const view = new View(element("photo"), element("mask"));
const legend = new Legend(element("legend"), (index) => view.set({ lit: index }));
const timings = new Timings(element("time-bar"), element("time-list"), element("time-note"));
const options = new Options(element("options"), () => refresh());
const boxes = new Boxes(element("boxes"), () => boxesChanged());
const session = new Session(options, boxes);
const stage = new Stage(
  { stage: element("stage"), frame: element("frame"), tip: element("tip"), divider: element("divider"),
    line: element("divider-line") },
  (index) => {
    legend.mark(index);
    view.set({ lit: index ?? legend.pinned });
  },
);
const notice = new Notice({
  alert: element("alert"), title: element("alert-title"), detail: element("alert-detail"),
  fields: element("alert-fields"), retry: element("retry"), dismiss: element("dismiss"),
  status: element("status"),
});

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
  session.open(photo, name);
  for (const button of savers) button.disabled = true;
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
  element("clear-boxes").hidden = true;
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
  writeSnippet();
}

function show({ mask, stages, roundTripMs }) {
  stage.mask = mask;
  view.lay(mask);
  for (const button of savers) button.disabled = false;
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
  element("key-form").hidden = problem.slug !== "key-required";
  if (!element("key-form").hidden) element("key").focus();
}

function boxesChanged() {
  element("clear-boxes").hidden = boxes.all.length === 0;
  clearTimeout(settling);
  settling = setTimeout(refresh, SETTLE_MS);
}

function opacity() {
  return element("opacity").valueAsNumber / 100;
}

function chosen(name) {
  return document.querySelector(`input[name=${name}]:checked`).value;
}

function writeSnippet() {
  if (isOffered && session.photo !== null) {
    element("snippet").textContent = session.snippet(chosen("language"));
  }
}

takePhotos({ picker: element("file"), veil: element("drop-veil") }, open, (problem) => notice.show(problem));
offerCamera({ opener: element("open-camera"), dialog: element("camera") }, open, (problem) => notice.show(problem));

element("pick").addEventListener("click", () => element("file").click());
element("sample").addEventListener("click", async () => {
  try {
    const response = await fetch(address("static/page/astronaut.jpg"));
    await open(await response.blob(), "astronaut.jpg");
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
  element("key-form").hidden = true;
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
for (const radio of document.querySelectorAll("input[name=language]")) {
  radio.addEventListener("change", writeSnippet);
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
element("clear-boxes").addEventListener("click", () => {
  boxes.reset();
  boxesChanged();
  element("draw").focus();
});
for (const button of savers) {
  button.addEventListener("click", async () => {
    try {
      await session.save(button.dataset.save, opacity());
    } catch (error) {
      fail(error, null);
    }
  });
}
element("copy").addEventListener("click", async () => {
  const isCopied = await copy(element("snippet"));
  notice.say(isCopied ? "Copied" : "Selected; copy it with the keyboard");
  element("copy").textContent = isCopied ? "Copied" : "Selected";
  setTimeout(() => (element("copy").textContent = "Copy"), SHORT_MS);
});
