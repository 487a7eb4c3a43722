import type { ComponentProps, ReactNode } from "react";
import { cn } from "../../lib/cn.ts";

export function Card({ className, ...props }: ComponentProps<"section">) {
  return <section className={cn("min-w-0 rounded-xl border bg-surface shadow-card", className)} {...props} />;
}

interface CardHeaderProps {
  title: string;
  id?: string;
  description?: ReactNode;
  action?: ReactNode;
}

export function CardHeader({ title, id, description, action }: CardHeaderProps) {
  return (
    <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3 px-5 pt-5 sm:flex-nowrap sm:px-6">
      <div className="min-w-0">
        <h2 id={id} className="text-[15px] font-semibold">
          {title}
        </h2>
        {description && <p className="mt-1 text-sm text-pretty wrap-anywhere text-muted">{description}</p>}
      </div>
      {action}
    </header>
  );
}
