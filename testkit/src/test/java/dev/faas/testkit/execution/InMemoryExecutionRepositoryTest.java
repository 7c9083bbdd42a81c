package dev.faas.testkit.execution;

import dev.faas.core.execution.ExecutionRepository;

final class InMemoryExecutionRepositoryTest extends ExecutionRepositoryContract {

    private final InMemoryExecutionRepository repository = new InMemoryExecutionRepository();

    @Override
    protected ExecutionRepository repository() {
        return repository;
    }

    @Override
    protected Server anotherServer() {
        var other = repository.ofServer("server-2");
        return new Server() {
            @Override
            public ExecutionRepository repository() {
                return other;
            }

            @Override
            public void kill() {
                other.die();
            }
        };
    }
}
