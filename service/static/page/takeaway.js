// What is taken along from the page: files, and the request as code.

import { copy } from "./clipboard.js";

const SHORT_MS = 1500;

export class Takeaway {
  #elements;
  #session;

  /**
   * @param elements `savers`, buttons that name an output; `languages`, radios; `code`; `copier`
   * @param {{opacity: () => number, say: (text: string) => void, fail: (error: Error) => void}} page
   */
  constructor(elements, session, { opacity, say, fail }) {
    this.#elements = elements;
    this.#session = session;
    for (const button of elements.savers) {
      button.addEventListener("click", () => {
        session.save(button.dataset.save, opacity()).catch(fail);
      });
    }
    for (const radio of elements.languages) radio.addEventListener("change", () => this.write());
    elements.copier.addEventListener("click", () => this.#copy(say));
  }

  /** Files can be had once there is a mask. */
  set canSave(can) {
    for (const button of this.#elements.savers) button.disabled = !can;
  }

  /** Write the request that the controls stand for. */
  write() {
    const { value } = [...this.#elements.languages].find((radio) => radio.checked);
    this.#elements.code.textContent = this.#session.snippet(value);
  }

  async #copy(say) {
    const { code, copier } = this.#elements;
    const isCopied = await copy(code);
    say(isCopied ? "Copied" : "Selected; copy it with the keyboard");
    copier.textContent = isCopied ? "Copied" : "Selected";
    setTimeout(() => (copier.textContent = "Copy"), SHORT_MS);
  }
}
