import { fitFrequencyTables, type FrequencyTable } from "@isthmus/codec";

/** What the coders of symbols are given: `channels` bell-shaped ones of growing width, about 3.5 bits each. */
export interface CodedSymbols {
  /** [items, channels], in [-128, 127] */
  readonly symbols: Int32Array;
  readonly tables: readonly FrequencyTable[];
}

export function codedSymbols(count: number, channels: number): CodedSymbols {
  let state = 2026;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const symbols = Int32Array.from({ length: count }, (_, i) => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += uniform();
    return Math.max(-128, Math.min(127, Math.round(sum * (1 + (i % channels) / 2))));
  });
  return { symbols, tables: fitFrequencyTables(symbols, channels) };
}
