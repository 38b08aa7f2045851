export { ancestors } from "./ancestors.ts";
export { GraphBuilder } from "./builder.ts";
export type { NoiseSource, PadOptions, PoolOptions, ProgramRoots } from "./builder.ts";
export { canonicalJson } from "./canonical-json.ts";
export { contentHash } from "./content-hash.ts";
export { vjp } from "./differentiate.ts";
export type { Engine, EngineState, Executable, Handle, HostArray, RunOptions, RunResult } from "./engine.ts";
export { conv2d, conv2dTranspose } from "./image-layers.ts";
export type { ConvolutionOptions } from "./image-layers.ts";
export { idLimits } from "./id-ranges.ts";
export { include } from "./include.ts";
export { initialise } from "./initialise.ts";
export { interpret, interpretNodes } from "./interpreter.ts";
export type { InterpreterInputs } from "./interpreter.ts";
export type {
  Dim,
  DType,
  Initialiser,
  Json,
  JsonObject,
  Node,
  Program,
  Shape,
  StateSpec,
  StateTensor,
  TensorType,
} from "./ir.ts";
export { dense } from "./layers.ts";
export type { Activation, DenseOptions } from "./layers.ts";
export { embedding } from "./layers/embedding.ts";
export type { EmbeddingOptions } from "./layers/embedding.ts";
export { fakeQuantise } from "./layers/fake-quantise.ts";
export type { FakeQuantiseOptions } from "./layers/fake-quantise.ts";
export { gdn } from "./layers/gdn.ts";
export type { GdnOptions } from "./layers/gdn.ts";
export { batchNorm, layerNorm } from "./layers/normalisation.ts";
export type { BatchNormOptions, BatchNormResult, NormOptions } from "./layers/normalisation.ts";
export {
  codingProblem,
  latentShape,
  latentWidth,
  MODEL_FILE_VERSION,
  modelHashes,
  readModelFile,
  writeModelFile,
} from "./model-file.ts";
export type { LatentCoding, Model, ModelData, ModelHashes } from "./model-file.ts";
export type { Composite, Cotangents, Leaf, Operation, Primitive, ReferenceContext } from "./operation.ts";
export { operationNamed, operations } from "./operations/index.ts";
export type { Padding, WindowOptions } from "./operations/window.ts";
export { adam, AdamSchedule } from "./optimisers/adam.ts";
export type { AdamOptions } from "./optimisers/adam.ts";
export { adamW, AdamWSchedule } from "./optimisers/adam-w.ts";
export type { AdamWOptions } from "./optimisers/adam-w.ts";
export { clipByGlobalNorm } from "./optimisers/clip.ts";
export type { ClippedGradients } from "./optimisers/clip.ts";
export { describedOptimiser, optimiserKinds } from "./optimisers/description.ts";
export type { DescribedOptimiser, OptimiserDescription, StepScalars } from "./optimisers/description.ts";
export { constantRate, cosineRate, linearWarmUp, stepRate } from "./optimisers/learning-rates.ts";
export type { LearningRates } from "./optimisers/learning-rates.ts";
export type { NodesByName, Optimiser } from "./optimisers/optimiser.ts";
export { rmsProp } from "./optimisers/rms-prop.ts";
export type { RmsPropOptions } from "./optimisers/rms-prop.ts";
export { sgd } from "./optimisers/sgd.ts";
export type { SgdOptions } from "./optimisers/sgd.ts";
export { trainingStep } from "./optimisers/training-step.ts";
export type { TrainingStepOptions } from "./optimisers/training-step.ts";
export { referenceEngine } from "./reference-engine.ts";
export { resolveBatch } from "./run-inputs.ts";
export { readSafetensors, writeSafetensors } from "./safetensors.ts";
export type { Safetensors, StoredTensor } from "./safetensors.ts";
export { GRAPH_VERSION, parseProgram, programToJson, serialiseProgram } from "./serialise.ts";
export { batchRank, broadcastShapes, concreteShape, elementCount, formatShape, sameShape } from "./shape.ts";
export { requireStateTensor, requireStateValues } from "./state-checks.ts";
