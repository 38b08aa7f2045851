import { classesOf, priorDraws, reconstructionsOf } from "../trained.ts";
import type { ItemPicture } from "./picture.ts";
import type { Subject } from "./subject.ts";

/** Draws from the prior, decoded; a conditional model draws each class in its turn, a class to a column. */
export async function samples(
  subject: Subject,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<ItemPicture> {
  const { engine, model, shape, path } = subject;
  const draws = await priorDraws(engine, model, { count, seed, path });
  const classes = classesOf(model);
  const grid =
    classes === undefined ? {} : { columns: classes, columnLabels: Array.from({ length: classes }, (_, c) => `${c}`) };
  return {
    kind: "items",
    images: { shape, values: await reconstructionsOf(engine, model, draws) },
    grid,
    alt: `${count} draws from the prior, decoded`,
  };
}
