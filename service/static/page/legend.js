// The parts that were found: colour, name and area; pointing at one lights it up.

const LEAST_SHOWN = 0.001;

export class Legend {
  #list;
  #onLight;
  #pinned = null;

  /**
   * @param {HTMLElement} list
   * @param {(index: number | null) => void} onLight called when a part is to light up
   */
  constructor(list, onLight) {
    this.#list = list;
    this.#onLight = onLight;
    list.addEventListener("pointerover", (event) => this.#point(indexOf(event)));
    list.addEventListener("pointerleave", () => this.#point(null));
    list.addEventListener("focusin", (event) => this.#point(indexOf(event)));
    list.addEventListener("focusout", () => this.#point(null));
    list.addEventListener("click", (event) => this.#pin(indexOf(event)));
  }

  show(mask) {
    this.#pinned = null;
    const parts = mask.parts();
    const largest = parts[0]?.share ?? 1;
    this.#list.replaceChildren(...parts.map((part) => entry(part, mask, largest)));
    return parts;
  }

  /** Mark the part under the pointer. */
  mark(index) {
    for (const button of this.#list.querySelectorAll("button")) {
      button.classList.toggle("lit", Number(button.dataset.index) === index);
    }
  }

  /** What is lit while nothing is pointed at. */
  get pinned() {
    return this.#pinned;
  }

  #point(index) {
    this.#onLight(index ?? this.#pinned);
  }

  #pin(index) {
    if (index === null) return;
    this.#pinned = this.#pinned === index ? null : index;
    for (const button of this.#list.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.index) === this.#pinned));
    }
    this.#onLight(this.#pinned);
  }
}

/** `left-arm` as people write it. */
export function spoken(name) {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function percent(share) {
  return share < LEAST_SHOWN ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}

function indexOf(event) {
  const button = event.target.closest("button");
  return button === null ? null : Number(button.dataset.index);
}

function entry({ index, area, share }, mask, largest) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.index = index;
  button.setAttribute("aria-pressed", "false");
  button.title = `${area.toLocaleString("en")} pixels`;
  button.style.setProperty("--part", `rgb(${mask.color(index).join(" ")})`);
  button.style.setProperty("--share", share / largest);
  for (const [tag, text] of [["i", ""], ["span", spoken(mask.name(index))],
    ["b", percent(share)], ["u", ""]]) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (text === "") element.setAttribute("aria-hidden", "true");
    button.append(element);
  }
  const item = document.createElement("li");
  item.append(button);
  return item;
}
