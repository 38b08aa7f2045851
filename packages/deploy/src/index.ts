export type { ActivationRange, ActivationRanges } from "./activation-quantiser.ts";
export { calibrate, calibrationMethods } from "./calibrate.ts";
export type { CalibrateOptions, CalibrationMethod } from "./calibrate.ts";
export { fakeQuantiseNetwork } from "./fake-quantise-network.ts";
export type { Grid } from "./grid.ts";
export { lowerNetwork } from "./lower-network.ts";
export type { Network } from "./network.ts";
export { quantiseNetwork } from "./quantise-network.ts";
export type { QuantiseOptions } from "./quantise-network.ts";
