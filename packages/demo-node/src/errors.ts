/** A refusal in OpenAI's shape. */
export class NodeError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;

  constructor({ status, code, param = null, message }: ErrorFacts) {
    super(message);
    this.name = "NodeError";
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

interface ErrorFacts {
  status: number;
  code: string;
  param?: string | null;
  message: string;
}

export function errorBody({ status, code, param = null, message }: ErrorFacts): object {
  return { error: { message, type: status < 500 ? "invalid_request_error" : "server_error", param, code } };
}
