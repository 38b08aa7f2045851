import { type Codebook, dimensions } from "@isthmus/channel";

/** A row of real dimensions for each message. */
export function rowsOf(book: Codebook): number[][] {
  const columns = dimensions(book);
  return Array.from({ length: book.size }, (_, m) => Array.from(book.points.subarray(m * columns, (m + 1) * columns)));
}
