// A photo from the camera, taken in a dialog.

const QUALITY = 0.92;
const WANTED = { video: { width: { ideal: 1920 }, facingMode: "user" } };
const REFUSED = {
  title: "The camera cannot be used",
  detail: "Allow this page to use it, or choose a photo instead.",
};

/**
 * @param {{opener: HTMLButtonElement, dialog: HTMLDialogElement}} elements
 * @param {(photo: Blob, name: string) => void} onPhoto
 * @param {(problem: {title: string, detail: string}) => void} onRefused
 */
export function offerCamera({ opener, dialog }, onPhoto, onRefused) {
  const video = dialog.querySelector("video");
  const [shoot, close] = dialog.querySelectorAll("button");
  // Browsers lend cameras to pages on this machine, or over TLS.
  opener.hidden = !navigator.mediaDevices;
  opener.addEventListener("click", async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia(WANTED);
    } catch {
      onRefused(REFUSED);
      return;
    }
    dialog.showModal();
    await video.play();
  });
  shoot.addEventListener("click", async () => {
    const photo = await still(video);
    dialog.close();
    onPhoto(photo, "camera.jpg");
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
  });
}

function still(video) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}
