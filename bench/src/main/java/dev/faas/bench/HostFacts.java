package dev.faas.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a reader must know of the machine before a figure means anything.
final class HostFacts {

    static Map<String, String> collect() throws IOException, InterruptedException {
        var facts = new LinkedHashMap<String, String>();
        facts.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        facts.put("kernel", Lab.shell("uname -sr"));
        facts.put("processor", Lab.shell("grep -m1 'model name' /proc/cpuinfo | cut -d: -f2-") + ", "
                + Runtime.getRuntime().availableProcessors() + " cores");
        facts.put("memory", Lab.shell("grep MemTotal /proc/meminfo | tr -s ' ' | cut -d' ' -f2-"));
        facts.put("cgroups", Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers")) ? "v2" : "v1");
        facts.put("RCU expedited", Files.exists(Path.of("/sys/kernel/rcu_expedited"))
                ? Files.readString(Path.of("/sys/kernel/rcu_expedited")).strip() : "unknown");
        facts.put("huge pages", Lab.shell("cat /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null || echo none"));
        facts.put("java", System.getProperty("java.vendor.version") + " " + System.getProperty("java.version"));
        for (var program : new String[] {"crun --version", "runc --version", "bwrap --version", "docker --version"}) {
            facts.put(program.split(" ")[0], Lab.has(program.split(" ")[0]) ? Lab.shell(program + " | head -1") : "not installed");
        }
        return facts;
    }

    private HostFacts() {}
}
