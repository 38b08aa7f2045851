export { arrayDataset, arrayOf, describeArray, dropMissingItems, selectItems, typedArray } from "./array-dataset.ts";
export type { DescribeArrayOptions, ItemArray } from "./array-dataset.ts";
export { CIFAR10_CLASSES, parseCifar10 } from "./cifar10.ts";
export type { Cifar10Batch } from "./cifar10.ts";
export { writeCsv } from "./csv-write.ts";
export type { WriteCsvOptions } from "./csv-write.ts";
export { batches, gather, itemSize, parseRange, select, take } from "./dataset.ts";
export type { Batch, BatchOptions, Dataset, FactorTable, ItemRange, Provenance } from "./dataset.ts";
export { decodedArray, decodedCsv, decodedTable, seriesRows } from "./decoded-items.ts";
export type { DecodedPart } from "./decoded-items.ts";
export { describedShape, DESCRIPTION_VERSION, isTableDescription } from "./description.ts";
export type {
  ArrayDescription,
  ArrayType,
  DataDescription,
  FeatureColumn,
  ImageFit,
  ImagesDescription,
  LabelDescription,
  MissingPolicy,
  SourceNotes,
  TableDescription,
} from "./description.ts";
export { featureUnits } from "./feature-units.ts";
export type { FeatureUnits } from "./feature-units.ts";
export { gunzip, isGzip } from "./gzip.ts";
export type { GunzipOptions } from "./gzip.ts";
export { parseIdx, readIdx, writeIdx } from "./idx.ts";
export type { IdxArray, IdxType, IdxValues } from "./idx.ts";
export { logMelSpectrogram } from "./log-mel.ts";
export type { LogMelOptions, LogMelSpectrogram } from "./log-mel.ts";
export { MACHINE_FAULTS, MACHINE_SAMPLE_RATE, machineSound } from "./machine-sounds.ts";
export type { MachineFault, MachineSoundOptions } from "./machine-sounds.ts";
export { parseNpy, writeNpy } from "./npy.ts";
export type { NpyArray, NpyType, NpyValues } from "./npy.ts";
export { parseDescription } from "./parse-description.ts";
export { isMissingCell, numberOfCell } from "./number-cell.ts";
export { shortestFloat } from "./shortest-float.ts";
export { permutation, split } from "./shuffle.ts";
export type { ShuffleOptions, SplitOptions } from "./shuffle.ts";
export type { Standardisation } from "./standardisation.ts";
export { SPRITE_FACTORS, sprites } from "./sprites.ts";
export type { SpriteFactor, Sprites, SpritesOptions } from "./sprites.ts";
export { syntheticDigits } from "./synthetic-digits.ts";
export type { SyntheticDigitsOptions } from "./synthetic-digits.ts";
export { columnOf, dropMissing, selectTableRows, tableOfNumbers } from "./table.ts";
export type { CategoryColumn, Column, NumberColumn, Table } from "./table.ts";
export { describeTable, tableDataset, tableOf } from "./table-dataset.ts";
export type { DescribeTableOptions, TableDatasetOptions } from "./table-dataset.ts";
export { slidingWindows } from "./windows.ts";
export type { WindowOptions } from "./windows.ts";
