// One photo and what the service said of it: asks anew when anything changes, saves what it got.

import { hasKey, address, parse } from "./api.js";
import { Mask } from "./mask.js";
import { snippet } from "./snippets.js";

export class Session {
  #options;
  #boxes;
  #running = null;
  photo = null;
  name = "";
  mask = null;

  constructor(options, boxes) {
    this.#options = options;
    this.#boxes = boxes;
  }

  /** Take another photo; what was asked of the last one is given up. */
  open(photo, name) {
    this.#running?.abort();
    Object.assign(this, { photo, name: name || "photo.png", mask: null });
  }

  /** @returns mask, stages, milliseconds and, where they were to be found, boxes; null where a
   *  later question has taken over */
  async ask() {
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    const { classes } = this.#options;
    const start = performance.now();
    try {
      const { blob, stages, found } = await parse(this.photo, this.#parameters, running.signal);
      const roundTripMs = performance.now() - start;
      const mask = await Mask.read(blob, classes);
      if (running.signal.aborted) return null;
      this.mask = mask;
      return { mask, stages, roundTripMs, found };
    } catch (error) {
      if (running.signal.aborted) return null;
      throw error;
    }
  }

  /** Save an answer as a file: the mask is here already, the rest is asked for. */
  async save(output, opacity) {
    const blob = output === "mask" ? this.mask.blob : await this.#answer(output, opacity);
    const stem = this.name.replace(/\.[^.]*$/, "");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = output === "json" ? `${stem}.json` : `${stem}-${output}.png`;
    link.click();
    // The browser has to have begun to read it.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  snippet(language) {
    return snippet(language, {
      url: address("v1/parse"),
      parameters: this.#parameters,
      name: this.name,
      hasKey: hasKey(),
    });
  }

  get #parameters() {
    return this.#options.parameters(this.#boxes.all, this.#boxes.isFinding);
  }

  async #answer(output, opacity) {
    const parameters = this.#parameters;
    parameters.set("output", output);
    if (output === "overlay") parameters.set("alpha", String(opacity));
    return (await parse(this.photo, parameters)).blob;
  }
}
