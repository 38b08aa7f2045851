import { readFixture } from "./fixture.ts";

export interface BoundsFixture {
  readonly ladder: {
    readonly w: readonly (readonly number[])[];
    readonly b: readonly number[];
    readonly variance: number;
    readonly x: readonly (readonly number[])[];
    readonly evidence: readonly number[];
    readonly posteriorMu: readonly (readonly number[])[];
    readonly posteriorPrecision: readonly (readonly number[])[];
    readonly meanFieldLogVar: readonly number[];
    readonly distance: readonly { readonly k: number; readonly nats: number }[];
  };
  readonly information: readonly {
    readonly mu: readonly (readonly number[])[];
    readonly logVar: readonly (readonly number[])[];
    readonly mutualInformation: number;
    readonly totalCorrelation: number;
    readonly dimensionWiseKl: readonly number[];
  }[];
}

export const { ladder, information }: BoundsFixture = readFixture<BoundsFixture>("bounds");
