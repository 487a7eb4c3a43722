import { Window, type WindowProps } from "./window.tsx";

/** Details of one thing, beside the list it was chosen from; on a phone over the whole width. */
export const Sheet = (props: WindowProps) => (
  <Window
    {...props}
    className="inset-y-0 right-0 w-full border-l data-ending-style:translate-x-4 data-starting-style:translate-x-4 sm:w-115"
  />
);
