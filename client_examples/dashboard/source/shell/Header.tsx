import { useConnection } from "../graph/useConnection";
import { Brand } from "./Brand";
import { ThemeSwitch } from "./ThemeSwitch";

type Props = {
  tenant: string | undefined;
  plan: string | undefined;
  keyName: string | null | undefined;
  onAllTenants: (() => void) | undefined;
  signOut: () => void;
};

const words = { connecting: "Connecting", live: "Live", lost: "Connection lost" };

export function Header({ tenant, plan, keyName, onAllTenants, signOut }: Props) {
  const connection = useConnection();
  return (
    <header class="top">
      <Brand />
      <p class="whose">
        {tenant && <strong>{tenant}</strong>}
        {plan && <span class="soft"> {plan} plan</span>}
      </p>
      <div class="tools">
        {tenant && (
          <span class={`connection ${connection}`} data-connection={connection}>
            {words[connection]}
          </span>
        )}
        {onAllTenants && (
          <button type="button" onClick={onAllTenants}>
            All tenants
          </button>
        )}
        <ThemeSwitch />
        <button type="button" onClick={signOut} title={keyName ? `Signed in with the key "${keyName}"` : undefined}>
          Sign out
        </button>
      </div>
    </header>
  );
}
