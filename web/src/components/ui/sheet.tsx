import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { buttonStyles } from "./button.tsx";

interface SheetProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
}

/** Details of one thing, beside the list it was chosen from; on a phone over the whole width. */
export const Sheet = ({ open, onOpenChange, title, description, children }: SheetProps) => (
  <BaseDialog.Root open={open} onOpenChange={onOpenChange}>
    <BaseDialog.Portal>
      <BaseDialog.Backdrop className="fixed inset-0 z-40 min-h-dvh bg-black/40 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
      <BaseDialog.Popup className="fixed inset-y-0 right-0 z-50 w-full overflow-y-auto border-l bg-surface p-6 shadow-float transition-all duration-200 outline-none data-ending-style:translate-x-4 data-ending-style:opacity-0 data-starting-style:translate-x-4 data-starting-style:opacity-0 sm:w-115">
        <div className="mb-6 flex items-start justify-between gap-4">
          <div className="min-w-0">
            <BaseDialog.Title className="truncate text-lg font-semibold tracking-tight">{title}</BaseDialog.Title>
            {description && (
              <BaseDialog.Description className="mt-1 text-sm break-words text-muted">
                {description}
              </BaseDialog.Description>
            )}
          </div>
          <BaseDialog.Close
            aria-label="Close"
            className={buttonStyles({ variant: "ghost", size: "icon", className: "-mt-1.5 -mr-2" })}
          >
            <X aria-hidden />
          </BaseDialog.Close>
        </div>
        {children}
      </BaseDialog.Popup>
    </BaseDialog.Portal>
  </BaseDialog.Root>
);
