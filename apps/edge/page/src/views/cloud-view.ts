import { byId } from "../dom.ts";
import type { Decoded } from "../service/decoded.ts";
import { shapeText } from "../shape.ts";
import { itemOf, type Work } from "../work.ts";
import { itemView } from "./item-view.ts";

export interface CloudView {
  /** What is on the table now, and whether a service could decode it. */
  show(work: Work | undefined, canDecode: boolean): void;
}

export interface CloudActions {
  /** Queues the stream. */
  readonly send: (work: Work) => Promise<void>;
  /** Asks the service what it decodes the stream to. */
  readonly decode: (work: Work) => Promise<Decoded>;
}

/** Sends what was encoded, and shows what the cloud makes of it. */
export function cloudView({ send, decode }: CloudActions): CloudView {
  const view = itemView("cloud-picture", "cloud-series");
  const [sendButton, decodeButton] = [byId<HTMLButtonElement>("send"), byId<HTMLButtonElement>("decode")];
  const [state, figure] = [byId("cloud-state"), byId("cloud-figure")];
  let work: Work | undefined;
  let canDecode = false;
  /** What came back, and of which code. */
  let answer: { readonly of: Work["encoded"]; readonly decoded: Decoded } | undefined;

  const draw = () => {
    figure.hidden = !work || answer?.of !== work.encoded;
    byId("cloud-intro").hidden = !figure.hidden;
    if (!work || figure.hidden) return;
    const { shape } = work.facts;
    view.show(shape, itemOf(answer!.decoded.values, work), `What the service decoded: ${shapeText(shape)}`);
    byId("cloud-caption").textContent =
      `What the service decoded, in ${answer!.decoded.milliseconds.toFixed(0)} ms there and back`;
  };
  const ask = async (asked: Work) => {
    state.textContent = "Decoding …";
    try {
      answer = { of: asked.encoded, decoded: await decode(asked) };
      state.textContent = "";
    } catch (error) {
      state.textContent = `Not decoded: ${(error as Error).message}`;
    }
    draw();
  };
  const queue = async (asked: Work) => {
    sendButton.disabled = true;
    try {
      await send(asked);
      state.textContent = "Queued.";
    } catch (error) {
      state.textContent = `Not queued: ${(error as Error).message}`;
    }
    sendButton.disabled = false;
    if (canDecode) await ask(asked);
  };
  sendButton.addEventListener("click", () => work && void queue(work));
  decodeButton.addEventListener("click", () => work && void ask(work));
  return {
    show: (shown, can) => {
      if (shown?.encoded !== work?.encoded) state.textContent = "";
      work = shown;
      canDecode = can;
      sendButton.disabled = !work;
      decodeButton.disabled = !work || !can;
      draw();
    },
  };
}
