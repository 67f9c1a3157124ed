// How a photo comes in: picked, dropped or pasted.

const NO_PHOTO = {
  title: "That is no picture",
  detail: "Drop or paste a photo: JPEG, PNG or WebP.",
};

/**
 * @param {{picker: HTMLInputElement, veil: HTMLElement}} elements
 * @param {(photo: Blob, name: string) => void} onPhoto
 * @param {(problem: {title: string, detail: string}) => void} onOther called with what is no photo
 */
export function takePhotos({ picker, veil }, onPhoto, onOther) {
  const take = (transfer) => {
    const file = [...transfer.files].find((entry) => entry.type.startsWith("image/"));
    if (file) onPhoto(file, file.name);
    else if (transfer.files.length > 0) onOther(NO_PHOTO);
    return transfer.files.length > 0;
  };
  picker.addEventListener("change", () => {
    const [file] = picker.files;
    // The service says what is wrong with a file that is no photo.
    if (file) onPhoto(file, file.name);
    picker.value = "";
  });
  addEventListener("paste", (event) => {
    if (take(event.clipboardData)) event.preventDefault();
  });
  catchDrops(veil, take);
}

function catchDrops(veil, take) {
  const holdsFiles = (event) => event.dataTransfer.types.includes("Files");
  addEventListener("dragenter", (event) => {
    veil.hidden = !holdsFiles(event);
  });
  addEventListener("dragover", (event) => {
    // Else the browser would leave the page and open the file.
    if (holdsFiles(event)) event.preventDefault();
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) veil.hidden = true;
  });
  addEventListener("drop", (event) => {
    veil.hidden = true;
    if (holdsFiles(event)) event.preventDefault();
    take(event.dataTransfer);
  });
}
