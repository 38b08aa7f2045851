import { byId } from "../dom.ts";
import { paint } from "../pixels/paint.ts";
import type { ItemShape } from "../shape.ts";
import { drawSeries } from "./series.ts";

export interface ItemView {
  /** Numbers of an item, of a picture 0 to 255, and what they are, for who cannot see them. */
  show(shape: ItemShape, item: ArrayLike<number>, label: string): void;
}

/** A canvas for pictures and a chart for series, of which one is seen. */
export function itemView(canvasId: string, seriesId: string): ItemView {
  const [canvas, series] = [byId<HTMLCanvasElement>(canvasId), byId(seriesId)];
  return {
    show: (shape, item, label) => {
      canvas.hidden = shape.kind === "series";
      series.hidden = shape.kind !== "series";
      if (shape.kind === "series") return drawSeries(series, item, label);
      paint(canvas, shape, item);
      canvas.setAttribute("aria-label", label);
    },
  };
}
