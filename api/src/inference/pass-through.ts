import { isRecord } from "./read-fields.ts";
import type { Presenter, StreamPresenter } from "./request.ts";
import { DONE, eventFrame } from "./sse.ts";

/** Nodes and clients speak the same: answers and chunks pass on, under our id, with our usage. */
export function passThrough({ stream_options: options }: Record<string, unknown>): Presenter {
  const includeUsage = isRecord(options) && options["include_usage"] === true;
  return {
    answer: (answer, { requestId, usage }) => ({ ...answer, id: requestId, usage }),
    stream: (requestId) => chunks(requestId, includeUsage),
  };
}

/** OpenAI's chunks; the usage chunk is for those who asked for it. */
function chunks(id: string, includeUsage: boolean): StreamPresenter {
  const placeholder = includeUsage ? { usage: null } : {};
  let last: Record<string, unknown> = {};
  return {
    chunk: (chunk) => {
      last = chunk;
      const { usage: _, ...rest } = chunk;
      return eventFrame(JSON.stringify({ ...rest, id, ...placeholder }));
    },
    end: (usage) => {
      const { object, created, model } = last;
      const closing = includeUsage
        ? eventFrame(JSON.stringify({ id, object, created, model, choices: [], usage }))
        : "";
      return closing + eventFrame(DONE);
    },
    failure: ({ code, message }) =>
      eventFrame(JSON.stringify({ error: { message, type: "server_error", param: null, code } })),
  };
}
