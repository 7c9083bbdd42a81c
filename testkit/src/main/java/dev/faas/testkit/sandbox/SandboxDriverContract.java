package dev.faas.testkit.sandbox;

/// Everything a driver of any technology must hold, over real sandboxes. A feature that a technology lacks is not
/// left out: it must be missing from the reported capabilities, and asking for it must be refused.
public interface SandboxDriverContract
        extends LifecycleContract,
                ProcessContract,
                StreamContract,
                FilesContract,
                LimitsContract,
                ControlContract,
                NetworkContract {}
