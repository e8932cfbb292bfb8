import { useEffect, useRef, useState } from "preact/hooks";
import { Brand } from "../shell/Brand";
import { ThemeSwitch } from "../shell/ThemeSwitch";

/** Asks for a key. */
export function SignIn({ refusal, onKey }: { refusal: string | null; onKey: (key: string) => void }) {
  const [key, setKey] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · Tallygraph";
    field.current?.focus();
  }, [refusal]);

  const submit = (event: Event) => {
    event.preventDefault();
    if (key.trim()) onKey(key.trim());
    else field.current?.focus();
  };
  return (
    <main class="sign-in">
      <form class="panel" onSubmit={submit}>
        <h1>
          <Brand />
        </h1>
        <p class="soft">What was used, what it cost, and what is left.</p>
        <label class="field">
          <span>Key</span>
          <input
            ref={field}
            type="password"
            name="key"
            autocomplete="off"
            spellcheck={false}
            required
            value={key}
            aria-invalid={refusal !== null}
            aria-describedby="key-help"
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <p id="key-help" class={refusal ? "refusal" : "hint"} role={refusal ? "alert" : undefined}>
          {refusal ??
            "An admin's key of your organisation, or an operator's. It is kept in this tab only, until you sign out."}
        </p>
        <button class="primary">Sign in</button>
      </form>
      <footer class="sign-in-foot">
        <a href="/graphql">GraphiQL</a>
        <ThemeSwitch />
      </footer>
    </main>
  );
}
