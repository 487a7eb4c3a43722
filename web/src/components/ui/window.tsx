import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "../../lib/cn.ts";
import { buttonStyles } from "./button.tsx";

export interface WindowProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
}

/** What dialogs and sheets have in common: the page darkened behind them, a title, a way out. `className` places it. */
export const Window = ({
  open,
  onOpenChange,
  title,
  description,
  children,
  className,
}: WindowProps & { className: string }) => (
  <BaseDialog.Root open={open} onOpenChange={onOpenChange}>
    <BaseDialog.Portal>
      <BaseDialog.Backdrop className="fixed inset-0 z-40 min-h-dvh bg-black/40 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
      <BaseDialog.Popup
        className={cn(
          "fixed z-50 overflow-y-auto bg-surface p-6 shadow-float transition-all duration-200 outline-none data-ending-style:opacity-0 data-starting-style:opacity-0",
          className,
        )}
      >
        <div className="mb-6 flex items-start justify-between gap-4">
          <div className="min-w-0">
            <BaseDialog.Title className="text-lg font-semibold tracking-tight break-words">{title}</BaseDialog.Title>
            {description && (
              <BaseDialog.Description className="mt-1 text-sm text-pretty break-words text-muted">
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
