package dev.faas.testkit.instance;

import dev.faas.core.instance.InstanceRepository;

final class InMemoryInstanceRepositoryTest extends InstanceRepositoryContract {

    private final InMemoryInstanceRepository repository = new InMemoryInstanceRepository();

    @Override
    protected InstanceRepository instances() {
        return repository;
    }

    @Override
    protected OtherServer otherServer() {
        var other = repository.ofServer("server-2");
        return new OtherServer() {
            @Override
            public InstanceRepository instances() {
                return other;
            }

            @Override
            public void kill() {
                other.die();
            }
        };
    }
}
