package dev.faas.core.cache;

import dev.faas.core.execution.CachePolicy;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/// What makes two requests equal: the SHA-256 of everything that may change what a command does, in an encoding of which no two requests
/// have the same. Texts, lists and alternatives begin with their length or number, numbers have a fixed width, maps are sorted.
///
/// Not in it, because they are no business of the command's: the execution's id (and the host name made of it), labels, the trace context,
/// and how old a result may be.
final class ContentKey {

    /// Changes with every change of the encoding: what was kept under another is then no longer found.
    private static final int VERSION = 1;

    private ContentKey() {}

    static String of(ExecutionRequest request, String imageDigest) {
        var digest = sha256();
        write(request, imageDigest, new DigestOutputStream(OutputStream.nullOutputStream(), digest));
        return HexFormat.of().formatHex(digest.digest());
    }

    /// What the hash is of.
    static byte[] encoding(ExecutionRequest request, String imageDigest) {
        var bytes = new ByteArrayOutputStream();
        write(request, imageDigest, bytes);
        return bytes.toByteArray();
    }

    private static void write(ExecutionRequest request, String imageDigest, OutputStream target) {
        try (var out = new DataOutputStream(target)) {
            out.writeByte(VERSION);
            text(out, request.tenant());
            var policy = request.cache().orElse(CachePolicy.DEFAULT);
            text(out, policy.key());
            out.writeBoolean(policy.keepsFailures());
            text(out, request.isolation().map(Enum::name).orElse(""));
            text(out, imageDigest);
            command(out, request.command());
            bytes(out, request.stdin());
            limits(out, request.limits());
            network(out, request.network());
            out.writeInt(request.files().size());
            for (var file : request.files()) {
                text(out, file.path());
                out.writeInt(file.mode());
                bytes(out, file.content());
            }
            texts(out, request.outputs());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static void command(DataOutputStream out, Command command) throws IOException {
        texts(out, command.argv());
        sorted(out, command.env());
        text(out, command.workingDir());
        text(out, command.user());
        out.writeLong(command.timeout().toSeconds());
        out.writeInt(command.timeout().getNano());
        out.writeLong(command.outputLimit());
        out.writeBoolean(command.stdin());
        out.writeBoolean(command.terminal().isPresent());
        if (command.terminal().isPresent()) {
            out.writeInt(command.terminal().get().rows());
            out.writeInt(command.terminal().get().columns());
        }
    }

    private static void limits(DataOutputStream out, Limits limits) throws IOException {
        out.writeLong(limits.memory().bytes());
        out.writeInt(limits.cpuMillis());
        out.writeInt(limits.processes());
        out.writeLong(limits.disk().bytes());
        out.writeInt(limits.openFiles());
        out.writeLong(limits.readBps());
        out.writeLong(limits.writeBps());
    }

    private static void network(DataOutputStream out, Network network) throws IOException {
        switch (network) {
            case Network.None() -> out.writeByte(0);
            case Network.Nat(var rules, boolean allowDefault, var dns) -> {
                out.writeByte(1);
                out.writeInt(rules.size());
                for (var rule : rules) {
                    out.writeBoolean(rule.allow());
                    text(out, rule.cidr());
                    text(out, rule.protocol().name());
                    out.writeInt(rule.portFrom());
                    out.writeInt(rule.portTo());
                }
                out.writeBoolean(allowDefault);
                texts(out, dns);
            }
        }
    }

    private static void sorted(DataOutputStream out, Map<String, String> map) throws IOException {
        var words = new ArrayList<String>(2 * map.size());
        new TreeMap<>(map).forEach((name, value) -> {
            words.add(name);
            words.add(value);
        });
        texts(out, words);
    }

    private static void texts(DataOutputStream out, Collection<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (var each : texts) {
            text(out, each);
        }
    }

    private static void text(DataOutputStream out, String text) throws IOException {
        bytes(out, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void bytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
