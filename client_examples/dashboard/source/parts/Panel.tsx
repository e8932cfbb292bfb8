import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

type Props = {
  title: string;
  /** Beside the title: buttons and choices. */
  tools?: ComponentChildren;
  class?: string;
  /** What is shown belongs to an earlier question. */
  isStale?: boolean;
  children: ComponentChildren;
};

/** A part of the page with a heading, which screen readers find by its name. */
export function Panel({ title, tools, class: extra = "", isStale = false, children }: Props) {
  const id = useId();
  return (
    <section class={`panel ${extra}`} aria-labelledby={id} aria-busy={isStale}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {tools && <div class="tools">{tools}</div>}
      </header>
      <div class={isStale ? "panel-body stale" : "panel-body"}>{children}</div>
    </section>
  );
}
