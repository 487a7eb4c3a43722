import { type FormEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { describeError } from "../../lib/errors.ts";
import { useAskForCode, useSignInWithCode } from "./use-email-sign-in.ts";

/** An address, then the code that was sent there. */
export function EmailForm() {
  const [email, setEmail] = useState("");
  const [code, setCode] = useState("");
  const ask = useAskForCode();
  const signIn = useSignInWithCode();
  const challenge = ask.data?.challenge;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (challenge === undefined) ask.mutate(email.trim());
    else signIn.mutate({ challenge, code: code.trim() });
  };
  const another = () => {
    ask.reset();
    signIn.reset();
    setCode("");
  };
  const error = signIn.error ?? ask.error;
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      {challenge === undefined ? (
        <TextField
          label="E-mail address"
          type="email"
          autoComplete="email"
          required
          value={email}
          onValueChange={setEmail}
        />
      ) : (
        <TextField
          label={`Code sent to ${email.trim()}`}
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          autoFocus
          value={code}
          onValueChange={setCode}
          hint="Eight digits. They count for ten minutes."
        />
      )}
      {error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(error)}
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" variant="secondary" className="flex-1" pending={ask.isPending || signIn.isPending}>
          {challenge === undefined ? "Send a code" : "Sign in by e-mail"}
        </Button>
        {challenge !== undefined && (
          <Button type="button" variant="ghost" onClick={another}>
            Another address
          </Button>
        )}
      </div>
    </form>
  );
}
