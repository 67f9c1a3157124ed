// The picture under the pointer: which part it shows, and the divider between photo and mask.

import { spoken } from "./legend.js";

export class Stage {
  #elements;
  #onPoint;
  #mask = null;

  /**
   * @param elements `stage`, `frame`, `tip`, `divider` and its `line`
   * @param {(index: number | null) => void} onPoint called with the part under the pointer
   */
  constructor(elements, onPoint) {
    this.#elements = elements;
    this.#onPoint = onPoint;
    const { frame, divider } = elements;
    frame.addEventListener("pointermove", (event) => this.#point(event));
    frame.addEventListener("pointerdown", (event) => this.#point(event));
    frame.addEventListener("pointerleave", (event) => {
      // A finger that was lifted has still pointed at something.
      if (event.pointerType !== "touch") this.#leave();
    });
    divider.addEventListener("input", () => this.#divide());
  }

  /** Fit the frame to a photo of this size. */
  fit({ width, height }) {
    this.#mask = null;
    this.#elements.frame.style.setProperty("--width", width);
    this.#elements.frame.style.setProperty("--height", height);
    this.#leave();
  }

  set mask(mask) {
    this.#mask = mask;
  }

  set isBusy(is) {
    this.#elements.stage.classList.toggle("busy", is);
    this.#elements.stage.ariaBusy = String(is);
  }

  /** @param {"overlay" | "compare"} mode */
  set mode(mode) {
    this.#elements.stage.dataset.mode = mode;
    this.#elements.divider.hidden = this.#elements.line.hidden = mode !== "compare";
    this.#divide();
  }

  #divide() {
    this.#elements.frame.style.setProperty("--split", `${this.#elements.divider.value}%`);
  }

  #point(event) {
    if (this.#mask === null) return;
    const { left, top, width, height } = this.#elements.frame.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const index = this.#mask.at(x / width, y / height);
    const isDragging = event.type === "pointermove" && event.buttons > 0;
    if (index === 0 || isDragging) {
      this.#leave();
      return;
    }
    const { tip } = this.#elements;
    tip.lastElementChild.textContent = spoken(this.#mask.name(index));
    tip.style.setProperty("--part", `rgb(${this.#mask.color(index).join(" ")})`);
    tip.hidden = false;
    // Beside the pointer, on the side where there is room.
    tip.style.left = `${Math.max(0, x + (x > width - 160 ? -16 - tip.offsetWidth : 16))}px`;
    tip.style.top = `${Math.max(0, y + (y > height - 60 ? -12 - tip.offsetHeight : 16))}px`;
    this.#onPoint(index);
  }

  #leave() {
    this.#elements.tip.hidden = true;
    this.#onPoint(null);
  }
}
