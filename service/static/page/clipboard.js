// Text to the clipboard, or selected where the browser forbids that.

/** @returns whether it is copied; else it is selected, to be copied by hand */
export async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    // Without TLS only pages of this machine may write to the clipboard.
    getSelection().selectAllChildren(element);
    return false;
  }
}
