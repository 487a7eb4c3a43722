import { InfrError } from "../errors.ts";

/** Who asks: the account that pays, the models it may ask for, and what its limits are counted under. */
export type Caller = {
  accountId: string;
  keyId: string;
  userId: string;
  /** What people call the key. */
  name: string;
  /** The only models it may ask for; null for all. */
  models: string[] | null;
  /** What requests count against, as `scope:subject`, with words for people. */
  subjects: Record<string, string>;
};

/** The key may not ask for this model: HTTP 403. */
export class ModelNotAllowedError extends InfrError {
  readonly code = "model_not_allowed";
  readonly status = 403;
  override readonly param = "model";

  constructor({ name, model, models }: { name: string; model: string; models: string[] }) {
    super(`Key “${name}” may not use ${model}. Use one of ${models.join(", ")}, or change the key's list of models.`);
  }
}

/** @throws ModelNotAllowedError */
export function checkModel({ name, models }: Caller, model: string): void {
  if (models !== null && !models.includes(model)) throw new ModelNotAllowedError({ name, model, models });
}
