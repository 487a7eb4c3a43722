import { type FormEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import { type NodeOffer, useRegisterNode } from "./use-nodes.ts";

/** One node with one model; what else the API can say of a node is for its clients. */
const FIELDS = [
  { name: "name", label: "Name", placeholder: "e.g. rack 4" },
  { name: "url", label: "URL", placeholder: "https://node.example/v1", type: "url", hint: "Public and HTTPS." },
  { name: "model", label: "Model", placeholder: "meta-llama/Llama-3.1-8B-Instruct" },
  {
    name: "prompt",
    label: "Prompt price",
    prefix: "$",
    placeholder: "Default of its size",
    hint: "Per million tokens.",
  },
  { name: "completion", label: "Completion price", prefix: "$", placeholder: "Default of its size" },
  { name: "context", label: "Context length", type: "number" },
  { name: "longest", label: "Longest answer", type: "number" },
] as const;
type FieldName = (typeof FIELDS)[number]["name"];
type Values = Record<FieldName, string>;

const EMPTY: Values = { name: "", url: "", model: "", prompt: "", completion: "", context: "32768", longest: "4096" };
/** Where nothing is said, the platform's price for a model of that size counts. */
const OPTIONAL: readonly FieldName[] = ["prompt", "completion"];

export function RegisterNodeDialog() {
  const [open, setOpen] = useState(false);
  const [values, setValues] = useState(EMPTY);
  const register = useRegisterNode();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    register.mutate(offerOf(values), {
      onSuccess: () => {
        setOpen(false);
        setValues(EMPTY);
      },
    });
  };
  return (
    <>
      <Button variant="secondary" size="sm" onClick={() => setOpen(true)}>
        Register a node
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Register a node"
        description="It is asked for its models first, then it goes live. A second time changes what it offers."
      >
        <form onSubmit={submit} className="flex flex-col gap-4">
          {FIELDS.map(({ name, ...field }) => (
            <TextField
              key={name}
              {...field}
              required={!OPTIONAL.includes(name)}
              autoComplete="off"
              value={values[name]}
              onValueChange={(value) => setValues({ ...values, [name]: value })}
            />
          ))}
          {register.error && (
            <p role="alert" className="text-sm text-bad">
              {describeError(register.error)}
            </p>
          )}
          <Button type="submit" pending={register.isPending}>
            {register.isPending ? "Asking the node" : "Register"}
          </Button>
        </form>
      </Dialog>
    </>
  );
}

const offerOf = (values: Values): NodeOffer => ({
  name: values.name.trim(),
  url: values.url.trim(),
  models: [
    {
      id: values.model.trim(),
      ...(values.prompt && { promptPerMillion: values.prompt.trim() }),
      ...(values.completion && { completionPerMillion: values.completion.trim() }),
      contextLength: Number(values.context),
      maxCompletionTokens: Number(values.longest),
    },
  ],
});
