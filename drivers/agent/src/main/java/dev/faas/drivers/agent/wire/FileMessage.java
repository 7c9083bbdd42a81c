package dev.faas.drivers.agent.wire;

/// Frames about the files of a sandbox.
public sealed interface FileMessage extends Message {

    /// @param length 0 for everything behind the offset
    record FileRead(String path, String user, long offset, long length) implements FileMessage {

        static FileRead read(PayloadReader in) throws WireException {
            return new FileRead(in.text(), in.text(), in.u64(), in.u64());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_READ;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(path).text(user).u64(offset).u64(length);
        }
    }

    /// @param options see the constants
    record FileWrite(String path, String user, long mode, int options) implements FileMessage {

        public static final int CREATE_PARENTS = 1;
        public static final int APPEND = 2;
        public static final int ATOMIC = 4;

        static FileWrite read(PayloadReader in) throws WireException {
            return new FileWrite(in.text(), in.text(), in.u32(), in.u8());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_WRITE;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(path).text(user).u32(mode).u8(options);
        }
    }

    record FileList(String path, String user, long depth, long maxEntries) implements FileMessage {

        static FileList read(PayloadReader in) throws WireException {
            return new FileList(in.text(), in.text(), in.u32(), in.u32());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_LIST;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(path).text(user).u32(depth).u32(maxEntries);
        }
    }

    record FileStat(String path, String user, boolean follow) implements FileMessage {

        static FileStat read(PayloadReader in) throws WireException {
            return new FileStat(in.text(), in.text(), in.bool());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_STAT;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(path).text(user).bool(follow);
        }
    }

    record FileMkdir(String path, String user, long mode, boolean parents) implements FileMessage {

        static FileMkdir read(PayloadReader in) throws WireException {
            return new FileMkdir(in.text(), in.text(), in.u32(), in.bool());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_MKDIR;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(path).text(user).u32(mode).bool(parents);
        }
    }

    record FileRemove(String path, String user, boolean recursive) implements FileMessage {

        static FileRemove read(PayloadReader in) throws WireException {
            return new FileRemove(in.text(), in.text(), in.bool());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_REMOVE;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(path).text(user).bool(recursive);
        }
    }

    record FileMove(String from, String to, String user) implements FileMessage {

        static FileMove read(PayloadReader in) throws WireException {
            return new FileMove(in.text(), in.text(), in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_MOVE;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(from).text(to).text(user);
        }
    }

    record FileWatch(String path, String user, boolean recursive) implements FileMessage {

        static FileWatch read(PayloadReader in) throws WireException {
            return new FileWatch(in.text(), in.text(), in.bool());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_WATCH;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(path).text(user).bool(recursive);
        }
    }

    /// Bytes read or written, or entries listed.
    record Done(long count) implements FileMessage {

        static Done read(PayloadReader in) throws WireException {
            return new Done(in.u64());
        }

        @Override
        public FrameType type() {
            return FrameType.DONE;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u64(count);
        }
    }

    /// @param kind 0 file, 1 directory, 2 symlink, 3 other
    record Entry(
            String path, int kind, long mode, long uid, long gid, long size, long mtimeMs, String target)
            implements FileMessage {

        static Entry read(PayloadReader in) throws WireException {
            return new Entry(in.text(), in.u8(), in.u32(), in.u32(), in.u32(), in.u64(), in.u64(), in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.ENTRY;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(path).u8(kind).u32(mode).u32(uid).u32(gid).u64(size).u64(mtimeMs).text(target);
        }
    }

    /// @param event 0 created, 1 modified, 2 deleted, 3 moved, 4 overflow
    record FileEvent(int event, String path, String to) implements FileMessage {

        static FileEvent read(PayloadReader in) throws WireException {
            return new FileEvent(in.u8(), in.text(), in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.FILE_EVENT;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u8(event).text(path).text(to);
        }
    }

    /// Changes from now on are reported.
    record Watching() implements FileMessage {

        static Watching read(PayloadReader in) {
            return new Watching();
        }

        @Override
        public FrameType type() {
            return FrameType.WATCHING;
        }

        @Override
        public void write(PayloadWriter out) {}
    }
}
