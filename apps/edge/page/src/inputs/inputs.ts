import { IsthmusError } from "@isthmus/math";
import { byId, element, onFile } from "../dom.ts";
import type { EncoderFacts } from "../encoder/protocol.ts";
import { digitItem } from "../pixels/digit.ts";
import { pictureItem, type Rgba } from "../pixels/planes.ts";
import { camera } from "./camera.ts";
import { csvItems } from "./csv.ts";
import { decodedPicture } from "./decoded-picture.ts";
import { writtenDigit } from "./digits.ts";
import { onDrop } from "./drop.ts";
import { drawingPad, type Pad } from "./pad.ts";
import { nowInMicroseconds, type Subject } from "./subject.ts";
import { tabs } from "./tabs.ts";

export interface InputsOptions {
  /** Of the encoder in use; nothing while it is being loaded. */
  readonly facts: () => EncoderFacts | undefined;
  /** Something was put in, or the drawing was cleared; resolves when it is encoded. */
  readonly onSubject: (subject: Subject | undefined) => Promise<void>;
  readonly announce: (text: string) => void;
}

export interface Inputs {
  /** Another encoder: what there is to be seen is put in again. */
  refresh(): void;
}

/** The four ways in: drawing, picture, camera, CSV. */
export function inputs({ facts, onSubject, announce }: InputsOptions): Inputs {
  const pictureOf = async (source: Blob | HTMLVideoElement, invert: boolean, of = facts()): Promise<void> => {
    if (of) await onSubject(pictureSubject(await decodedPicture(source), of, invert));
  };
  const pad = drawing(facts, onSubject, announce);
  const device = camera((video) => pictureOf(video, byId<HTMLInputElement>("camera-invert").checked));
  const shown = tabs(byId("tabs"), (panel) => {
    if (panel !== "panel-camera") device.stop();
  });
  const invert = byId<HTMLInputElement>("picture-invert");
  let picture: File | undefined;
  const takePicture = (file: File) => {
    picture = file;
    void told("picture-state", file, () => pictureOf(file, invert.checked).then(() => undefined));
  };
  const takeCsv = (file: File) => void told("csv-state", file, () => takeTable(file, facts(), onSubject));

  invert.addEventListener("change", () => picture && takePicture(picture));
  onFile(byId<HTMLInputElement>("picture-file"), takePicture);
  onFile(byId<HTMLInputElement>("csv-file"), takeCsv);
  onDrop((file) => {
    const isPicture = file.type.startsWith("image/");
    shown.show(isPicture ? "panel-picture" : "panel-csv");
    (isPicture ? takePicture : takeCsv)(file);
  });
  return {
    refresh: () => {
      const isForPictures = facts()?.shape.kind === "picture";
      byId("draw-state").textContent = isForPictures ? "" : NO_PICTURES;
      if (isForPictures) pad.refresh();
      else shown.show("panel-csv");
    },
  };
}

const NO_PICTURES = "The model in use is for rows of numbers, not for pictures.";

/** Says in the tab what became of a file. */
async function told(stateId: string, file: File, work: () => Promise<string | undefined>): Promise<void> {
  const state = byId(stateId);
  state.textContent = `Reading ${file.name} …`;
  try {
    const note = await work();
    state.textContent = `${file.name}${note ? `: ${note}` : ""}`;
  } catch (error) {
    state.textContent = `${file.name}: ${(error as Error).message}`;
  }
}

function pictureSubject(pixels: Rgba, { shape }: EncoderFacts, invert: boolean): Subject {
  if (shape.kind === "picture") return { samples: pictureItem(pixels, shape, { invert }), time: nowInMicroseconds() };
  throw new IsthmusError("MODEL_NO_PICTURES", NO_PICTURES);
}

async function takeTable(
  file: File,
  facts: EncoderFacts | undefined,
  onSubject: InputsOptions["onSubject"],
): Promise<string> {
  if (!facts) throw new IsthmusError("MODEL_LOADING", "the encoder is still being loaded");
  const { samples, items, left } = csvItems(await file.text(), facts);
  await onSubject({ samples, time: nowInMicroseconds(), sourceBytes: file.size });
  return `${items} ${items === 1 ? "item" : "items"}${left > 0 ? `; ${left} rows at the end are no whole item and were left out` : ""}`;
}

function drawing(
  facts: InputsOptions["facts"],
  onSubject: InputsOptions["onSubject"],
  announce: InputsOptions["announce"],
): { refresh: () => void } {
  let isDue = false;
  let hadInk = false;
  let pad: Pad | undefined;
  const encode = () => {
    isDue = false;
    const of = facts();
    if (!pad || of?.shape.kind !== "picture") return;
    const samples = digitItem(pad.pixels(), of.shape);
    // An empty pad takes nothing back that came another way.
    if (!samples && !hadInk) return;
    hadInk = samples !== undefined;
    void onSubject(samples && { samples, time: nowInMicroseconds() });
  };
  /** At most once for each frame that the browser draws. */
  const refresh = () => {
    if (!isDue) requestAnimationFrame(encode);
    isDue = true;
  };
  const canvas = byId<HTMLCanvasElement>("pad");
  pad = drawingPad(canvas, byId("pen"), { onInk: refresh, announce });
  byId("clear").addEventListener("click", () => pad.clear());
  for (let digit = 0; digit < 10; digit++) {
    const button = element("button", { type: "button", "aria-label": `Write the digit ${digit}` }, String(digit));
    button.addEventListener("click", () => void writtenDigit(digit).then((picture) => pad.show(picture)));
    byId("digits").append(button);
  }
  return { refresh };
}
