export type { ActivationRange } from "./activation-quantiser.ts";
export { calibrate, calibrationMethods } from "./calibrate.ts";
export type { ActivationRanges, CalibrateOptions, CalibrationMethod } from "./calibrate.ts";
export { lowerNetwork } from "./lower-network.ts";
export type { Network } from "./network.ts";
export { quantiseNetwork } from "./quantise-network.ts";
export type { Grid, QuantiseOptions } from "./quantise-network.ts";
