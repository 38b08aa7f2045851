import { byId, grouped } from "../dom.ts";
import { type ItemShape, shapeText, sizeOf } from "../shape.ts";
import { itemOf, itemSymbols, shownSamples, type Work } from "../work.ts";
import { drawBars } from "./code-bars.ts";
import { itemView } from "./item-view.ts";
import { drawSizes, pictureSizes, type Size } from "./sizes.ts";

export interface CodeView {
  /** Something newer than what is shown is on its way: readers of screens wait until it is there. */
  expect(): void;
  show(work: Work): Promise<void>;
  clear(): void;
}

/** What the encoder saw, the code that it made, and how many bytes that is beside other formats. */
export function codeView(onItem: (item: number) => void): CodeView {
  const seen = itemView("seen", "seen-series");
  const pager = pagerOf(onItem);
  let shown: Work | undefined;
  let isAwaited = false;
  const setBusy = () => byId("code-card").setAttribute("aria-busy", String(isAwaited));
  return {
    expect: () => {
      isAwaited = true;
      setBusy();
    },
    show: async (work) => {
      isAwaited = false;
      const isSameCode = shown?.encoded === work.encoded;
      shown = work;
      byId("code-empty").hidden = true;
      byId("code-full").hidden = false;
      seen.show(work.facts.shape, itemOf(shownSamples(work), work), seenLabel(work));
      showCode(work);
      pager(work);
      if (!isSameCode) {
        byId("code-time").textContent = timeText(work.encoded.milliseconds);
        const sizes = await sizesOf(work);
        if (shown?.encoded !== work.encoded) return;
        showSizes(work, sizes);
      }
      setBusy();
    },
    clear: () => {
      shown = undefined;
      byId("code-empty").hidden = false;
      byId("code-full").hidden = true;
      byId("code-time").textContent = "";
      isAwaited = false;
      setBusy();
    },
  };
}

function seenLabel({ facts: { shape } }: Work): string {
  return shape.kind === "series"
    ? `A line of ${shape.length} numbers`
    : `The picture that the encoder sees, ${shapeText(shape)}`;
}

function showCode(work: Work): void {
  const symbols = itemSymbols(work);
  const list = symbols.join(", ");
  drawBars(byId("bars"), symbols);
  byId("bars").setAttribute("aria-label", `The code: ${symbols.length} whole numbers`);
  byId("bars-caption").textContent = `The code: ${symbols.length} whole numbers, each a bar`;
  byId("code-text").textContent = list;
}

function timeText(milliseconds: number): string {
  return `Encoded in ${milliseconds < 0.1 ? "less than 0.1" : milliseconds.toFixed(1)} ms, in a worker`;
}

function pagerOf(onItem: (item: number) => void): (work: Work) => void {
  const [previous, next] = [byId<HTMLButtonElement>("previous-item"), byId<HTMLButtonElement>("next-item")];
  let [item, items] = [0, 1];
  const step = (by: number) => onItem((item + by + items) % items);
  previous.addEventListener("click", () => step(-1));
  next.addEventListener("click", () => step(1));
  return (work) => {
    [item, items] = [work.item, work.encoded.items];
    byId("pager").hidden = items === 1;
    byId("item-number").textContent = `Item ${item + 1} of ${grouped(items)}`;
  };
}

/** Of all items together: ours, as plain numbers, and by the browser's own formats or as the text that they came from. */
async function sizesOf(work: Work): Promise<Size[]> {
  const { subject, encoded, facts } = work;
  const ours = { format: "Isthmus", bytes: encoded.stream.length, isOurs: true };
  const count = sizeOf(facts.shape) * encoded.items;
  if (facts.shape.kind === "picture") {
    const others = await pictureSizes(facts.shape, shownSamples(work) as Uint8Array);
    return [ours, ...others, { format: "Raw, 8 bits", bytes: count }];
  }
  const text = subject.sourceBytes === undefined ? [] : [{ format: "As CSV", bytes: subject.sourceBytes }];
  return [ours, { format: "Raw, 32 bits", bytes: 4 * count }, ...text];
}

function showSizes({ encoded, facts: { shape } }: Work, sizes: readonly Size[]): void {
  drawSizes(byId("sizes-rows"), sizes);
  const raw = sizes.find(({ format }) => format.startsWith("Raw"))!;
  const times = raw.bytes / encoded.stream.length;
  byId("sizes-caption").textContent =
    `${grouped(encoded.stream.length)} bytes for ${itemsText(encoded.items, shape)}: ${times.toFixed(1)} times smaller than raw`;
  byId("sizes-note").textContent =
    shape.kind === "picture"
      ? "PNG and JPEG as this browser writes the same pixels, in colour. Isthmus and JPEG lose some of the picture, PNG does not."
      : "";
}

function itemsText(items: number, shape: ItemShape): string {
  if (items === 1) return shape.kind === "picture" ? "this picture" : "this item";
  return `${grouped(items)} ${shape.kind === "picture" ? "pictures" : "items"}`;
}
