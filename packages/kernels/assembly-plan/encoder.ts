/** An encoder that was opened: what encoding needs, in the memory behind its plan's. JavaScript reads the first ten as `ENCODER` of `src/plan.ts` says. */
@unmanaged
export class Encoder {
  quality: i32;
  /** Symbols of an item. */
  dims: i32;
  /** Numbers of an item. */
  samples: i32;
  /** Where an item lies that is to be encoded, as float64. */
  given: usize;
  /** The same as the network is given it, as float32. */
  item: usize;
  /** Where the network's outputs lie. */
  output: usize;
  /** 8 bytes. */
  modelId: usize;
  /** Where what was written begins. */
  written: usize;
  /** How the last payload is coded: 0 by its tables, 1 as integers of one width. */
  coding: i32;
  /** Which symbol of the item that was refused cannot be had. */
  refused: i32;
  /** Whether the plan is one of floats. */
  isFloat: i32;
  /** Where the network's input lies. */
  input: usize;
  zero: i32;
  /** Of a plan in floats: steps of the channels, then offsets. */
  grid: usize;
  gridChannels: i32;
  calls: usize;
  callCount: i32;
  /** Of offsets, scales and perhaps fills: 0 where there are no units. */
  unitRows: i32;
  unitCount: i32;
  units: usize;
  tables: usize;
  tableCount: i32;
  /** Of checksums. */
  remainders: usize;
  /** Symbols of all items, then words, then what is written: as many as have been asked for. */
  symbols: usize;
  words: usize;
  /** Bytes of the words. */
  length: i32;
  state: u32;
  /** Bits of a symbol where all have one width. */
  width: i32;
  scale: f64;
}
