import { asker, type Asker } from "../rpc.ts";
import type { DecoderFacts, DecoderMethods } from "../decoder/protocol.ts";
import { byId } from "../dom.ts";
import { shapeText } from "../shape.ts";
import { itemSymbols, type Work } from "../work.ts";
import { itemView } from "./item-view.ts";
import { type Sliders, sliders } from "./sliders.ts";

export interface LatentView {
  show(work: Work): void;
  /** Another model: what was loaded is of no use any more. */
  reset(): void;
}

interface Opened {
  readonly worker: Asker<DecoderMethods>;
  readonly facts: DecoderFacts;
  readonly knobs: Sliders;
}

/** A code that can be moved, decoded here; the decoder is fetched when it is asked for. */
export function latentView(fetchModel: (model: string) => Promise<Uint8Array>): LatentView {
  const view = itemView("latent-picture", "latent-series");
  const [button, state] = [byId<HTMLButtonElement>("load-decoder"), byId("latent-state")];
  let opened: Opened | undefined;
  let work: Work | undefined;
  let isBusy = false;
  let isStale = false;

  /** Draws what the sliders say; while one is being decoded the next waits, and only the last of them. */
  const draw = async () => {
    if (!opened || !work) return;
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    try {
      while (isStale && opened) await drawOnce(opened, work.facts.quality);
    } catch (error) {
      state.textContent = (error as Error).message;
    } finally {
      isBusy = false;
    }
  };
  const drawOnce = async ({ worker, facts, knobs }: Opened, quality: number) => {
    isStale = false;
    const before = performance.now();
    const item = await worker.ask("decode", { symbols: knobs.values(), quality });
    const isPicture = facts.shape.kind === "picture";
    view.show(facts.shape, isPicture ? item.map(byteOf) : item, `What the code means: ${shapeText(facts.shape)}`);
    byId("latent-caption").textContent = `Decoded here in ${(performance.now() - before).toFixed(1)} ms`;
  };
  const toCode = () => {
    if (!opened || !work) return;
    opened.knobs.set(itemSymbols(work));
    void draw();
  };
  const load = async ({ facts }: Work) => {
    button.disabled = true;
    state.textContent = "Loading …";
    const worker = asker<DecoderMethods>(
      new Worker(new URL("../decoder/decoder-worker.ts", import.meta.url), { type: "module", name: "decoder" }),
    );
    try {
      const loaded = await worker.ask("load", await fetchModel(facts.model));
      opened = { worker, facts: loaded, knobs: sliders(byId("sliders"), facts.ranges, () => void draw()) };
      state.textContent = "The decoder is loaded.";
      byId("latent-full").hidden = false;
      byId("latent-intro").hidden = button.hidden = true;
      toCode();
    } catch (error) {
      worker.close();
      state.textContent = (error as Error).message;
      button.disabled = false;
    }
  };

  button.addEventListener("click", () => work && void load(work));
  byId("reset-latent").addEventListener("click", toCode);
  return {
    show: (shown) => {
      work = shown;
      if (!opened) button.disabled = false;
      else toCode();
    },
    reset: () => {
      opened?.worker.close();
      opened = work = undefined;
      state.textContent = "";
      byId("latent-full").hidden = button.disabled = true;
      byId("latent-intro").hidden = button.hidden = false;
    },
  };
}

function byteOf(value: number): number {
  return Math.min(255, Math.max(0, Math.round(255 * value)));
}
