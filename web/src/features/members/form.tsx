import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ComponentProps, type FormEvent, type ReactNode, useId } from "react";
import { useProject, useProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ProblemNote } from "../../ui/problem.tsx";

/** A labelled text field of a dialog. */
export function TextField(props: ComponentProps<"input"> & { label: string; hint?: string }) {
  const id = useId();
  const { label, hint, ...rest } = props;
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="field"
        {...rest}
        {...(hint ? { "aria-describedby": `${id}-hint` } : {})}
      />
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-ink-3 mt-1">
          {hint}
        </p>
      )}
    </>
  );
}

/** A labelled choice among a few. */
export function ChoiceField<T extends string>(props: {
  label: string;
  name: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        name={props.name}
        className="field"
        value={props.value}
        onChange={(event) => props.onChange(event.target.value as T)}
      >
        {props.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </>
  );
}

/** The project that something is for: the chosen one, or one of all. */
export function ProjectField(props: { value: string; onChange: (project: string) => void }) {
  const { t } = useWords();
  const projects = useProjects();
  return (
    <ChoiceField
      label={t("project.label")}
      name="project"
      value={props.value}
      onChange={props.onChange}
      options={projects.map((p) => ({ value: p.project_id, label: p.display_name }))}
    />
  );
}

/** The project to begin with. */
export function useFirstProject(): string {
  const chosen = useProject();
  const projects = useProjects();
  return chosen ?? projects[0]?.project_id ?? "";
}

/** A dialog that sends what was filled in, says what is wrong with it, and closes when it is done. */
export function FormDialog<T>(props: {
  title: string;
  why?: string;
  confirm: string;
  done: string;
  send: (form: FormData) => Promise<T>;
  onDone?: (answer: T) => void;
  onClose: () => void;
  children?: ReactNode;
}) {
  const { t } = useWords();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: props.send,
    onSuccess: (answer) => {
      announce(props.done);
      for (const name of ["members", "keys"]) void client.invalidateQueries({ queryKey: [name] });
      props.onClose();
      props.onDone?.(answer);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!save.isPending) save.mutate(new FormData(event.currentTarget));
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {props.why && <p className="text-ink-2">{props.why}</p>}
      <form onSubmit={submit}>
        {props.children}
        {save.error && <ProblemNote error={save.error} />}
        <div className="foot">
          <Button onClick={props.onClose}>{t("common.back")}</Button>
          <Button type="submit" tone="ink" aria-disabled={save.isPending}>
            {save.isPending ? t("decide.sending") : props.confirm}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What was written into a field, without spaces around it. */
export const written = (form: FormData, name: string): string =>
  String(form.get(name) ?? "").trim();
