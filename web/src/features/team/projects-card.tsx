import { type FormEvent, useState } from "react";
import { QueryView } from "../../components/query-view.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { describeError } from "../../lib/errors.ts";
import { useMay } from "../../lib/memberships.ts";
import { useProjects } from "../../lib/team.ts";
import { useArchiveProject, useCreateProject } from "./use-team.ts";

/** What keys are made for. */
export function ProjectsCard() {
  const projects = useProjects();
  const mayManage = useMay("projects");
  return (
    <Card aria-labelledby="projects">
      <CardHeader
        id="projects"
        title="Projects"
        description="A key can name one: usage and budgets are told apart by it."
      />
      <div className="px-5 pt-2 pb-5 sm:px-6">
        <QueryView
          query={projects}
          name="projects"
          loading={<Skeleton className="my-4 h-12" />}
          isEmpty={(data) => data.projects.length === 0}
          empty={<p className="py-3 text-sm text-muted">No projects yet.</p>}
        >
          {(data) => (
            <ul aria-label="Projects" className="divide-y">
              {data.projects.map((project) => (
                <ProjectRow key={project.name} project={project} mayManage={mayManage} />
              ))}
            </ul>
          )}
        </QueryView>
        {mayManage && <NewProject />}
      </div>
    </Card>
  );
}

function ProjectRow({
  project,
  mayManage,
}: {
  project: { name: string; archivedAt: string | null };
  mayManage: boolean;
}) {
  const archive = useArchiveProject();
  const archived = project.archivedAt !== null;
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-2.5 text-sm">
      <span className="flex min-w-0 items-center gap-2">
        <span className="truncate font-medium">{project.name}</span>
        {archived && <Badge>Archived</Badge>}
      </span>
      {mayManage && (
        <Button
          variant="ghost"
          size="sm"
          aria-label={`${archived ? "Take back" : "Archive"} ${project.name}`}
          pending={archive.isPending}
          onClick={() => archive.mutate({ name: project.name, archived: !archived })}
        >
          {archived ? "Take back" : "Archive"}
        </Button>
      )}
      {archive.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(archive.error)}
        </p>
      )}
    </li>
  );
}

function NewProject() {
  const [name, setName] = useState("");
  const create = useCreateProject();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(name.trim(), { onSuccess: () => setName("") });
  };
  return (
    <form onSubmit={submit} className="mt-3 flex flex-wrap items-end gap-3">
      <TextField
        label="New project"
        placeholder="e.g. search"
        pattern="[a-z0-9][a-z0-9._\-]{0,63}"
        title="Small letters, digits, and . _ - between them"
        autoComplete="off"
        required
        value={name}
        onValueChange={setName}
        className="min-w-40 flex-1"
      />
      <Button type="submit" variant="secondary" pending={create.isPending}>
        Add
      </Button>
      {create.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(create.error)}
        </p>
      )}
    </form>
  );
}
