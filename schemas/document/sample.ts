// task: sample. Draws from a model of the lineage: GAN, VAE, flow, DDPM, score SDE, consistency.
import { Type, type Static } from "typebox";
import { commonKeys, modelKey, pictureOutput } from "./common.ts";
import { choice, file, flag, group, whole } from "./elements.ts";

/** Every key of `task: sample`. */
export const sampleSchema = group(
  {
    task: Type.Literal("sample"),
    model: modelKey({ description: "The model to draw from.", examples: ["./ddpm"] }),
    ...commonKeys,
    output: Type.Optional(pictureOutput),
    steps: Type.Optional(whole(1, 10_000, "Steps of the solver, for the models that take steps.")),
    solver: Type.Optional(
      choice(
        {
          euler: "Euler's method on the probability flow.",
          heun: "Heun's method on the probability flow.",
          rk45: "Runge-Kutta with adaptive steps on the probability flow.",
          ancestral: "The model's own stochastic chain.",
          predictor_corrector: "A step of the reverse equation, then Langevin corrections.",
        },
        { description: "How the equation is solved. Default: the model's own." },
      ),
    ),
    image: Type.Optional(file("picture", "The picture whose likelihood is wanted.")),
    likelihood: Type.Optional(flag("Compute the likelihood of `image`, where the model has one.", { default: false })),
  },
  "Draws from a GAN, VAE, flow, DDPM, score or consistency model.",
);

/** A node of `task: sample`. */
export type SampleNode = Static<typeof sampleSchema>;
