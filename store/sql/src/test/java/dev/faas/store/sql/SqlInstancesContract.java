package dev.faas.store.sql;

import dev.faas.core.instance.InstanceRepository;
import dev.faas.testkit.instance.InstanceRepositoryContract;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/// The contract of instances over a database, where another server is another process.
abstract class SqlInstancesContract extends InstanceRepositoryContract {

    private @Nullable Stores stores;

    /// An empty database, the same for the whole test.
    abstract SqlConfig config();

    @Override
    protected InstanceRepository instances() {
        return stores().own().instances();
    }

    @Override
    protected OtherServer otherServer() {
        var other = stores().another();
        return new OtherServer() {
            @Override
            public InstanceRepository instances() {
                return other.store().instances();
            }

            @Override
            public void kill() {
                other.kill();
            }
        };
    }

    @AfterEach
    void close() throws Exception {
        stores().close();
    }

    private Stores stores() {
        if (stores == null) {
            stores = new Stores(config());
        }
        return stores;
    }
}
