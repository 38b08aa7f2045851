export { configToJson, denseConfig, featureCount } from "./definition.ts";
export type { Binarization, DenseConfig, Likelihood, ModelDefinition, ModelKind, Phase } from "./definition.ts";
export { denseAutoencoder } from "./dense-autoencoder.ts";
export { denseVae } from "./dense-vae.ts";
export { checkedSchedule } from "./schedule.ts";
export type { CyclicalSchedule, DecaySchedule, LinearSchedule, Schedule, ScheduleRange, Span } from "./schedule.ts";
export { defineModel, modelKinds } from "./zoo.ts";
