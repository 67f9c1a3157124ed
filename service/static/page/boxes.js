// Boxes around persons: drawn with the pointer, set with the keyboard, or found by the service.

const LEAST = 8;
const STEP = 0.02;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Boxes {
  #layer;
  #onChange;
  #size = { width: 1, height: 1 };
  #all = [];
  #isDrawing = false;
  #isFinding = false;

  /**
   * @param {HTMLElement} layer lies over the photo, of its size
   * @param {() => void} onChange called when boxes have been changed by hand
   */
  constructor(layer, onChange) {
    this.#layer = layer;
    this.#onChange = onChange;
    layer.addEventListener("pointerdown", (event) => this.#draw(event));
    layer.addEventListener("keydown", (event) => this.#type(event));
  }

  /** [[x1, y1, x2, y2], ...] in whole pixels of the photo. */
  get all() {
    return this.#all.map((box) => [...box]);
  }

  /** Whether the service is to find the boxes; ends when one of them is changed by hand. */
  get isFinding() {
    return this.#isFinding;
  }

  set isFinding(is) {
    this.#isFinding = is;
    this.#all = [];
    this.#render();
    this.#onChange();
  }

  /** Show what the service has found, unless boxes have been changed by hand meanwhile. */
  show(found) {
    if (!this.#isFinding) return;
    this.#all = found;
    this.#render();
  }

  /** Forget all boxes, for a photo of this size. */
  reset({ width, height } = this.#size) {
    this.#size = { width, height };
    this.#all = [];
    this.#render();
  }

  set isDrawing(is) {
    this.#isDrawing = is;
    this.#layer.classList.toggle("drawing", is);
  }

  /** A box in the middle, to be moved with the arrow keys. */
  add() {
    const { width, height } = this.#size;
    this.#all.push([width / 4, height / 8, (3 * width) / 4, (7 * height) / 8].map(Math.round));
    this.#render(this.#all.length - 1);
    this.#changed();
  }

  #changed() {
    this.#isFinding = false;
    this.#onChange();
  }

  #draw(event) {
    if (!this.#isDrawing || event.target !== this.#layer || event.button !== 0) return;
    event.preventDefault();
    this.#layer.setPointerCapture(event.pointerId);
    const wasFinding = this.#isFinding;
    this.#isFinding = false;
    const start = this.#point(event);
    const index = this.#all.push([...start, ...start]) - 1;
    const drag = (move) => {
      const end = this.#point(move);
      this.#all[index] = [0, 1].map((axis) => Math.min(start[axis], end[axis])).concat(
        [0, 1].map((axis) => Math.max(start[axis], end[axis])),
      );
      this.#render();
    };
    const stop = () => {
      this.#layer.removeEventListener("pointermove", drag);
      const [x1, y1, x2, y2] = this.#all[index];
      const isClick = x2 - x1 < LEAST || y2 - y1 < LEAST;
      if (isClick) this.#all.splice(index, 1);
      this.#render();
      if (!isClick || wasFinding) this.#changed();
    };
    this.#layer.addEventListener("pointermove", drag);
    this.#layer.addEventListener("lostpointercapture", stop, { once: true });
  }

  #point(event) {
    const { left, top, width, height } = this.#layer.getBoundingClientRect();
    const share = (at, length) => Math.min(1, Math.max(0, at / length));
    return [
      Math.round(share(event.clientX - left, width) * this.#size.width),
      Math.round(share(event.clientY - top, height) * this.#size.height),
    ];
  }

  #type(event) {
    const index = Number(event.target.dataset.index ?? NaN);
    if (Number.isNaN(index)) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.#remove(index);
    } else if (event.key in MOVES) {
      event.preventDefault();
      this.#shift(index, MOVES[event.key], event.shiftKey);
    }
  }

  /** Move a box, or only its lower right corner; it stays in the photo. */
  #shift(index, direction, isResize) {
    const sides = [this.#size.width, this.#size.height];
    const box = this.#all[index];
    for (const axis of [0, 1]) {
      const step = Math.round(direction[axis] * Math.max(1, STEP * sides[axis]));
      if (isResize) {
        const least = Math.min(sides[axis], box[axis] + LEAST);
        box[axis + 2] = Math.min(sides[axis], Math.max(least, box[axis + 2] + step));
      } else {
        const within = Math.min(sides[axis] - box[axis + 2], Math.max(-box[axis], step));
        box[axis] += within;
        box[axis + 2] += within;
      }
    }
    this.#render(index);
    this.#changed();
  }

  #remove(index) {
    this.#all.splice(index, 1);
    this.#render(Math.min(index, this.#all.length - 1));
    this.#changed();
  }

  /** Draw all boxes anew, with the focus on one of them. */
  #render(focused = null) {
    this.#layer.replaceChildren(...this.#all.map((box, index) => this.#element(box, index)));
    if (focused !== null) this.#layer.children[focused]?.focus();
  }

  #element([x1, y1, x2, y2], index) {
    const element = document.createElement("div");
    element.className = "box";
    element.tabIndex = 0;
    element.role = "group";
    element.dataset.index = index;
    element.ariaLabel = `Person ${index + 1}: from ${x1}, ${y1} to ${x2}, ${y2}`;
    const { width, height } = this.#size;
    const place = [x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height];
    for (const [at, side] of ["left", "top", "width", "height"].entries()) {
      element.style[side] = `${100 * place[at]}%`;
    }
    const remove = document.createElement("button");
    remove.type = "button";
    remove.ariaLabel = `Remove person ${index + 1}`;
    remove.textContent = "\u00d7";
    remove.addEventListener("click", () => this.#remove(index));
    element.append(String(index + 1), remove);
    return element;
  }
}
