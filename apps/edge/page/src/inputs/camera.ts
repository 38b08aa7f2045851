import { byId } from "../dom.ts";

/** What each refusal of a browser means to the person before it. */
const REFUSALS: Readonly<Record<string, string>> = {
  NotAllowedError: "The camera is not allowed. Allow it for this page in the browser's settings, then start it again.",
  NotFoundError: "There is no camera on this device.",
  NotReadableError: "The camera is in use by another program.",
  OverconstrainedError: "No camera here is fit for this.",
};

export interface Camera {
  stop(): void;
}

/**
 * The camera's tab.
 *
 * @param onFrame called for a picture that was taken, and again and again while encoding continuously; resolves when the next may come
 */
export function camera(onFrame: (video: HTMLVideoElement) => Promise<void>): Camera {
  const [start, take] = [byId<HTMLButtonElement>("camera-start"), byId<HTMLButtonElement>("camera-take")];
  const [live, video, state] = [
    byId<HTMLInputElement>("camera-live"),
    byId<HTMLVideoElement>("camera-view"),
    byId("camera-state"),
  ];
  let stream: MediaStream | undefined;

  const show = (text: string) => {
    state.textContent = text;
    start.textContent = stream ? "Stop the camera" : "Start the camera";
    take.disabled = live.disabled = !stream;
    video.hidden = !stream;
  };
  const stop = (text = "The camera is off.") => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    live.checked = false;
    video.srcObject = null;
    show(text);
  };
  const open = async () => {
    if (!navigator.mediaDevices) return stop("The camera needs a page that was fetched by HTTPS.");
    show("Asking for the camera …");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
      stream.getVideoTracks()[0]?.addEventListener("ended", () => stop("The camera was taken away."));
      video.srcObject = stream;
      await video.play();
      show("The camera is on. Nothing leaves this device until you send it.");
    } catch (error) {
      stop(REFUSALS[(error as Error).name] ?? `The camera could not be started: ${(error as Error).message}`);
    }
  };
  /** Says whether it went well. */
  const takeFrame = async (): Promise<boolean> => {
    try {
      await onFrame(video);
      return true;
    } catch (error) {
      state.textContent = `Not encoded: ${(error as Error).message}`;
      return false;
    }
  };
  const run = async () => {
    while (live.checked && stream) {
      live.checked = await takeFrame();
      await nextFrame();
    }
  };

  start.addEventListener("click", () => void (stream ? stop() : open()));
  take.addEventListener("click", () => void takeFrame());
  live.addEventListener("change", () => void run());
  show("The camera is off.");
  return { stop };
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
