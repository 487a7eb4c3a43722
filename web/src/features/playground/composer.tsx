import { ArrowUp, Square } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";

interface ComposerProps {
  streaming: boolean;
  disabled: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
}

/** Enter sends, Shift+Enter makes a new line. */
export function Composer({ streaming, disabled, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState("");
  const send = () => {
    if (text.trim() === "" || streaming || disabled) return;
    onSend(text.trim());
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="flex items-end gap-2 rounded-2xl border border-line-strong/50 bg-surface p-2 shadow-card transition-shadow focus-within:border-ember focus-within:ring-3 focus-within:ring-ember/25"
    >
      <textarea
        aria-label="Message"
        placeholder="Ask something"
        rows={1}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        className="field-sizing-content max-h-48 min-h-10 flex-1 resize-none bg-transparent px-2.5 py-2 text-base outline-none placeholder:text-muted/70 sm:text-[15px]"
      />
      {streaming ? (
        <Button type="button" size="icon" aria-label="Stop" className="size-10 rounded-xl" onClick={onStop}>
          <Square aria-hidden className="size-3.5! fill-current" />
        </Button>
      ) : (
        <Button
          type="submit"
          size="icon"
          aria-label="Send"
          className="size-10 rounded-xl"
          disabled={text.trim() === "" || disabled}
        >
          <ArrowUp aria-hidden />
        </Button>
      )}
    </form>
  );
}
