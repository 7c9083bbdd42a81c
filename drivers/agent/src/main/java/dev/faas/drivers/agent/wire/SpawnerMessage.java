package dev.faas.drivers.agent.wire;

import java.util.List;

/// Frames of the spawner.
public sealed interface SpawnerMessage extends Message {

    /// A sandbox to make; a limit of 0 is none.
    ///
    /// @param layers uppermost first
    record Create(
            String id,
            List<String> layers,
            long diskBytes,
            String hostname,
            long memoryBytes,
            long cpuMilli,
            long pids,
            long ioReadBps,
            long ioWriteBps,
            List<Rlimit> rlimits,
            int network,
            List<String> dns,
            boolean egressDefaultAllow,
            List<Rule> egress,
            long capabilities,
            int options,
            List<NameValue> env)
            implements SpawnerMessage {

        public static final int NETWORK_NONE = 0;
        public static final int NETWORK_NAT = 1;
        public static final int READ_ONLY_ROOT = 1;

        static Create read(PayloadReader in) throws WireException {
            return new Create(
                    in.text(),
                    in.texts(),
                    in.u64(),
                    in.text(),
                    in.u64(),
                    in.u32(),
                    in.u32(),
                    in.u64(),
                    in.u64(),
                    in.list(Rlimit.SMALLEST, Rlimit::read),
                    in.u8(),
                    in.texts(),
                    in.bool(),
                    in.list(Rule.SMALLEST, Rule::read),
                    in.u64(),
                    in.u8(),
                    in.list(NameValue.SMALLEST, NameValue::read));
        }

        @Override
        public FrameType type() {
            return FrameType.CREATE;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(id).texts(layers).u64(diskBytes).text(hostname).u64(memoryBytes).u32(cpuMilli).u32(pids);
            out.u64(ioReadBps).u64(ioWriteBps).list(rlimits, Rlimit::write).u8(network).texts(dns);
            out.bool(egressDefaultAllow).list(egress, Rule::write).u64(capabilities).u8(options);
            out.list(env, NameValue::write);
        }
    }

    /// @param pid of the agent, on the host
    record Created(
            long pid, String socket, long setupNs, int pooled, String cgroup, String ip)
            implements SpawnerMessage {

        public static final int POOLED_NETWORK = 1;
        public static final int POOLED_CGROUPS = 2;

        static Created read(PayloadReader in) throws WireException {
            return new Created(in.u32(), in.text(), in.u64(), in.u8(), in.text(), in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.CREATED;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u32(pid).text(socket).u64(setupNs).u8(pooled).text(cgroup).text(ip);
        }
    }

    record Destroy(String id) implements SpawnerMessage {

        static Destroy read(PayloadReader in) throws WireException {
            return new Destroy(in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.DESTROY;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(id);
        }
    }

    record Destroyed(Stats stats) implements SpawnerMessage {

        static Destroyed read(PayloadReader in) throws WireException {
            return new Destroyed(Stats.read(in));
        }

        @Override
        public FrameType type() {
            return FrameType.DESTROYED;
        }

        @Override
        public void write(PayloadWriter out) {
            Stats.write(out, stats);
        }
    }

    record StatsRequest(String id) implements SpawnerMessage {

        static StatsRequest read(PayloadReader in) throws WireException {
            return new StatsRequest(in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.STATS;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(id);
        }
    }

    record StatsReply(Stats stats) implements SpawnerMessage {

        static StatsReply read(PayloadReader in) throws WireException {
            return new StatsReply(Stats.read(in));
        }

        @Override
        public FrameType type() {
            return FrameType.STATS_REPLY;
        }

        @Override
        public void write(PayloadWriter out) {
            Stats.write(out, stats);
        }
    }

    record ListRequest() implements SpawnerMessage {

        static ListRequest read(PayloadReader in) {
            return new ListRequest();
        }

        @Override
        public FrameType type() {
            return FrameType.LIST;
        }

        @Override
        public void write(PayloadWriter out) {}
    }

    record Listed(List<IdPid> sandboxes) implements SpawnerMessage {

        static Listed read(PayloadReader in) throws WireException {
            return new Listed(in.list(IdPid.SMALLEST, IdPid::read));
        }

        @Override
        public FrameType type() {
            return FrameType.LISTED;
        }

        @Override
        public void write(PayloadWriter out) {
            out.list(sandboxes, IdPid::write);
        }
    }

    record ProbeRequest() implements SpawnerMessage {

        static ProbeRequest read(PayloadReader in) {
            return new ProbeRequest();
        }

        @Override
        public FrameType type() {
            return FrameType.PROBE;
        }

        @Override
        public void write(PayloadWriter out) {}
    }

    record Probed(List<Feature> features) implements SpawnerMessage {

        static Probed read(PayloadReader in) throws WireException {
            return new Probed(in.list(Feature.SMALLEST, Feature::read));
        }

        @Override
        public FrameType type() {
            return FrameType.PROBED;
        }

        @Override
        public void write(PayloadWriter out) {
            out.list(features, Feature::write);
        }
    }

    /// The first process of a sandbox ended without DESTROY; the sandbox is cleaned up already.
    record Died(String id, int kind, long code, Stats stats) implements SpawnerMessage {

        static Died read(PayloadReader in) throws WireException {
            return new Died(in.text(), in.u8(), in.u32(), Stats.read(in));
        }

        @Override
        public FrameType type() {
            return FrameType.DIED;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(id).u8(kind).u32(code);
            Stats.write(out, stats);
        }
    }

    /// @param protocol 0 any, 6 TCP, 17 UDP
    record Rule(boolean allow, String cidr, int protocol, int portFrom, int portTo) {

        static final int SMALLEST = 10;

        static Rule read(PayloadReader in) throws WireException {
            return new Rule(in.bool(), in.text(), in.u8(), in.u16(), in.u16());
        }

        static void write(PayloadWriter out, Rule rule) {
            out.bool(rule.allow).text(rule.cidr).u8(rule.protocol).u16(rule.portFrom).u16(rule.portTo);
        }
    }

    /// What a sandbox used; a controller that is missing reports 0.
    record Stats(
            long cpuNs,
            long memoryPeakBytes,
            long memoryBytes,
            long oomKills,
            long processes,
            long netRxBytes,
            long netTxBytes) {

        static Stats read(PayloadReader in) throws WireException {
            return new Stats(in.u64(), in.u64(), in.u64(), in.u32(), in.u32(), in.u64(), in.u64());
        }

        static void write(PayloadWriter out, Stats stats) {
            out.u64(stats.cpuNs).u64(stats.memoryPeakBytes).u64(stats.memoryBytes).u32(stats.oomKills);
            out.u32(stats.processes).u64(stats.netRxBytes).u64(stats.netTxBytes);
        }
    }

    /// What the host can do for one feature.
    ///
    /// @param level 0 ok, 1 degraded, 2 missing
    record Feature(String feature, int level, String detail, String fix) {

        static final int SMALLEST = 13;

        static Feature read(PayloadReader in) throws WireException {
            return new Feature(in.text(), in.u8(), in.text(), in.text());
        }

        static void write(PayloadWriter out, Feature feature) {
            out.text(feature.feature).u8(feature.level).text(feature.detail).text(feature.fix);
        }
    }

    /// A sandbox and its agent's process on the host.
    record IdPid(String id, long pid) {

        static final int SMALLEST = 8;

        static IdPid read(PayloadReader in) throws WireException {
            return new IdPid(in.text(), in.u32());
        }

        static void write(PayloadWriter out, IdPid pair) {
            out.text(pair.id).u32(pair.pid);
        }
    }
}
