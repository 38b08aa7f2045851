import { elementCount } from "@isthmus/graph";
import type { LineSeries } from "@isthmus/plot";
import type { Images } from "@isthmus/plot/png";
import type { ItemPicture } from "./picture.ts";

/** Lines of one panel: which items, by what names. */
export interface Overlay {
  readonly title: string;
  readonly lines: readonly { readonly name: string; readonly item: number }[];
}

const PANEL = { width: 460, height: 300 } as const;
const COLUMNS = 2;

/**
 * Items that are no images as lines over their features, or over the steps of a series: a panel for each row of the grid,
 * and for each channel of a series where more than two items share a panel.
 */
export async function signalFigure(picture: ItemPicture): Promise<string> {
  const { figure, lineChart } = await import("@isthmus/plot");
  const x = { name: picture.images.shape.length > 1 ? "step" : "feature", whole: true };
  const panels = (picture.overlays ?? rowsOf(picture))
    .flatMap((overlay) => panelsOf(picture.images, overlay))
    .map(({ title, series }) => lineChart({ ...PANEL, title, x, y: { name: "value" }, series }));
  const subtitle = "values as the network has them";
  return figure({ title: capital(picture.alt), subtitle, panels, columns: Math.min(COLUMNS, panels.length) });
}

interface Panel {
  readonly title: string;
  readonly series: readonly LineSeries[];
}

/** Two items are told apart by their lines, more of them by colour. */
function panelsOf(images: Images, { title, lines }: Overlay): Panel[] {
  const channels = Array.from({ length: channelsOf(images) }, (_, channel) => channel);
  const points = (item: number, channel: number) => pointsOf(images, item, channel);
  if (lines.length === 2) {
    const pair = lines.flatMap(({ name, item }, index) =>
      channels.map((channel): LineSeries => ({
        name: channels.length > 1 ? `${name}, ${channel + 1}` : name,
        points: points(item, channel),
        line: index === 1 ? "dashed" : "solid",
        colour: channel,
      })),
    );
    return [{ title, series: pair }];
  }
  return channels.map((channel) => ({
    title: channels.length > 1 ? `${title}, channel ${channel + 1}` : title,
    series: lines.map(({ name, item }) => ({ name, points: points(item, channel) })),
  }));
}

/** Numbers of a step: 1 where an item is no series. */
function channelsOf({ shape }: Images): number {
  return elementCount(shape.slice(1));
}

function pointsOf(images: Images, item: number, channel: number): (readonly [number, number])[] {
  const [steps, channels] = [images.shape[0] as number, channelsOf(images)];
  const value = (step: number) => images.values[(item * steps + step) * channels + channel]!;
  return Array.from({ length: steps }, (_, step) => [step + 1, value(step)] as const);
}

function rowsOf({ images, grid }: ItemPicture): Overlay[] {
  const items = images.values.length / elementCount(images.shape);
  const columns = grid.columns ?? Math.ceil(Math.sqrt(items));
  return Array.from({ length: Math.ceil(items / columns) }, (_, row) => ({
    title: grid.rowLabels?.[row] ?? `row ${row + 1}`,
    lines: Array.from({ length: Math.min(columns, items - row * columns) }, (_unused, column) => ({
      name: grid.columnLabels?.[column] ?? String(column + 1),
      item: row * columns + column,
    })),
  }));
}

function capital(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
