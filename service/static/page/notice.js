// What the page tells: faults in words that help, and what a screen reader should say.

import { spoken } from "./legend.js";

const ADVICE = {
  "unsupported-image": "Photos in JPEG, PNG or WebP can be read.",
  "corrupt-image": "The file seems to be damaged; try another copy of it.",
  "image-too-large": "Make the photo smaller and try again.",
  "body-too-large": "The file is too big; save it smaller, as a JPEG for example.",
  overloaded: "Others are being served right now.",
};

export class Notice {
  #elements;
  #status;
  #onRetry = () => {};

  /**
   * @param elements `alert` with its `title`, `detail`, `fields`, `retry`, `dismiss` and `keyForm`;
   *   `status`, which is heard and not seen
   */
  constructor({ status, ...elements }) {
    this.#elements = elements;
    this.#status = status;
    elements.dismiss.addEventListener("click", () => this.clear());
    elements.retry.addEventListener("click", () => {
      this.clear();
      this.#onRetry();
    });
  }

  /** Say something to those who do not see the picture. */
  say(text) {
    this.#status.textContent = text;
  }

  /** @param problem `title`, and what else is known of it; `onRetry` where asking again may help */
  show({ title, detail = "", slug, fields = [], retryAfterS = 0 }, onRetry = null) {
    const { alert, retry, keyForm } = this.#elements;
    const wait = retryAfterS ? `Try again in ${retryAfterS} s.` : "";
    this.#elements.title.textContent = title;
    // Faulty fields say it themselves.
    const whole = fields.length ? "" : sentence(detail);
    this.#elements.detail.textContent = [whole, ADVICE[slug], wait].filter(Boolean).join(" ");
    this.#elements.fields.replaceChildren(...fields.map(fieldLine));
    this.#onRetry = onRetry;
    retry.hidden = onRetry === null;
    keyForm.hidden = slug !== "key-required";
    alert.hidden = false;
    if (!keyForm.hidden) keyForm.querySelector("input").focus();
  }

  clear() {
    this.#elements.alert.hidden = true;
  }
}

function fieldLine({ field, detail }) {
  const item = document.createElement("li");
  item.textContent = `${spoken(field.replaceAll("_", " "))}: ${detail}`;
  return item;
}

function sentence(text) {
  if (text === "") return "";
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
