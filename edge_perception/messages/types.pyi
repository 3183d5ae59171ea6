"""Made by tools/message_types.py from the .msg files."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from edge_perception.messages.classes import Message

def names() -> dict[str, str]: ...

class Attribute(Message):
    stage: str
    model: str
    label: str
    class_id: int
    score: float
    def __init__(
        self,
        stage: str = ...,
        model: str = ...,
        label: str = ...,
        class_id: int = ...,
        score: float = ...,
    ) -> None: ...

class Bool(Message):
    data: bool
    def __init__(
        self,
        data: bool = ...,
    ) -> None: ...

class CameraInfo(Message):
    header: Header
    height: int
    width: int
    distortion_model: str
    d: npt.NDArray[np.float64]
    k: npt.NDArray[np.float64]
    r: npt.NDArray[np.float64]
    p: npt.NDArray[np.float64]
    binning_x: int
    binning_y: int
    roi: RegionOfInterest
    def __init__(
        self,
        header: Header = ...,
        height: int = ...,
        width: int = ...,
        distortion_model: str = ...,
        d: npt.ArrayLike = ...,
        k: npt.ArrayLike = ...,
        r: npt.ArrayLike = ...,
        p: npt.ArrayLike = ...,
        binning_x: int = ...,
        binning_y: int = ...,
        roi: RegionOfInterest = ...,
    ) -> None: ...

class Clock(Message):
    clock: Time
    def __init__(
        self,
        clock: Time = ...,
    ) -> None: ...

class ColorRGBA(Message):
    r: float
    g: float
    b: float
    a: float
    def __init__(
        self,
        r: float = ...,
        g: float = ...,
        b: float = ...,
        a: float = ...,
    ) -> None: ...

class CompressedImage(Message):
    header: Header
    format: str
    data: npt.NDArray[np.uint8]
    def __init__(
        self,
        header: Header = ...,
        format: str = ...,
        data: npt.ArrayLike = ...,
    ) -> None: ...

class Decision(Message):
    header: Header
    action: str
    rule: str
    reason: str
    safe: bool
    dry_run: bool
    evidence: list[Detection]
    expires: Time
    def __init__(
        self,
        header: Header = ...,
        action: str = ...,
        rule: str = ...,
        reason: str = ...,
        safe: bool = ...,
        dry_run: bool = ...,
        evidence: list[Detection] = ...,
        expires: Time = ...,
    ) -> None: ...

class Detection(Message):
    label: str
    class_id: int
    score: float
    has_box: bool
    x: float
    y: float
    width: float
    height: float
    landmarks: npt.NDArray[np.float32]
    landmark_scores: npt.NDArray[np.float32]
    embedding: npt.NDArray[np.float32]
    track_id: int
    track_age: float
    growth: float
    growth_deviation: float
    time_to_contact: float
    place: list[Place]
    attributes: list[Attribute]
    def __init__(
        self,
        label: str = ...,
        class_id: int = ...,
        score: float = ...,
        has_box: bool = ...,
        x: float = ...,
        y: float = ...,
        width: float = ...,
        height: float = ...,
        landmarks: npt.ArrayLike = ...,
        landmark_scores: npt.ArrayLike = ...,
        embedding: npt.ArrayLike = ...,
        track_id: int = ...,
        track_age: float = ...,
        growth: float = ...,
        growth_deviation: float = ...,
        time_to_contact: float = ...,
        place: list[Place] = ...,
        attributes: list[Attribute] = ...,
    ) -> None: ...

class DetectionArray(Message):
    header: Header
    model: str
    image_width: int
    image_height: int
    detections: list[Detection]
    lost: list[LostTrack]
    stages: list[StageTime]
    age: Duration
    def __init__(
        self,
        header: Header = ...,
        model: str = ...,
        image_width: int = ...,
        image_height: int = ...,
        detections: list[Detection] = ...,
        lost: list[LostTrack] = ...,
        stages: list[StageTime] = ...,
        age: Duration = ...,
    ) -> None: ...

class DiagnosticArray(Message):
    header: Header
    status: list[DiagnosticStatus]
    def __init__(
        self,
        header: Header = ...,
        status: list[DiagnosticStatus] = ...,
    ) -> None: ...

class DiagnosticStatus(Message):
    OK: ClassVar[int]
    WARN: ClassVar[int]
    ERROR: ClassVar[int]
    STALE: ClassVar[int]
    level: int
    name: str
    message: str
    hardware_id: str
    values: list[KeyValue]
    def __init__(
        self,
        level: int = ...,
        name: str = ...,
        message: str = ...,
        hardware_id: str = ...,
        values: list[KeyValue] = ...,
    ) -> None: ...

class Duration(Message):
    sec: int
    nanosec: int
    def __init__(
        self,
        sec: int = ...,
        nanosec: int = ...,
    ) -> None: ...

class Empty(Message):
    def __init__(self) -> None: ...

class Float32(Message):
    data: float
    def __init__(
        self,
        data: float = ...,
    ) -> None: ...

class Float64(Message):
    data: float
    def __init__(
        self,
        data: float = ...,
    ) -> None: ...

class Header(Message):
    stamp: Time
    frame_id: str
    def __init__(
        self,
        stamp: Time = ...,
        frame_id: str = ...,
    ) -> None: ...

class Image(Message):
    header: Header
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: npt.NDArray[np.uint8]
    def __init__(
        self,
        header: Header = ...,
        height: int = ...,
        width: int = ...,
        encoding: str = ...,
        is_bigendian: int = ...,
        step: int = ...,
        data: npt.ArrayLike = ...,
    ) -> None: ...

class Imu(Message):
    header: Header
    orientation: Quaternion
    orientation_covariance: npt.NDArray[np.float64]
    angular_velocity: Vector3
    angular_velocity_covariance: npt.NDArray[np.float64]
    linear_acceleration: Vector3
    linear_acceleration_covariance: npt.NDArray[np.float64]
    def __init__(
        self,
        header: Header = ...,
        orientation: Quaternion = ...,
        orientation_covariance: npt.ArrayLike = ...,
        angular_velocity: Vector3 = ...,
        angular_velocity_covariance: npt.ArrayLike = ...,
        linear_acceleration: Vector3 = ...,
        linear_acceleration_covariance: npt.ArrayLike = ...,
    ) -> None: ...

class Int32(Message):
    data: int
    def __init__(
        self,
        data: int = ...,
    ) -> None: ...

class JointState(Message):
    header: Header
    name: list[str]
    position: npt.NDArray[np.float64]
    velocity: npt.NDArray[np.float64]
    effort: npt.NDArray[np.float64]
    def __init__(
        self,
        header: Header = ...,
        name: list[str] = ...,
        position: npt.ArrayLike = ...,
        velocity: npt.ArrayLike = ...,
        effort: npt.ArrayLike = ...,
    ) -> None: ...

class KeyValue(Message):
    key: str
    value: str
    def __init__(
        self,
        key: str = ...,
        value: str = ...,
    ) -> None: ...

class LostTrack(Message):
    label: str
    track_id: int
    x: float
    y: float
    width: float
    height: float
    track_age: float
    unseen: float
    def __init__(
        self,
        label: str = ...,
        track_id: int = ...,
        x: float = ...,
        y: float = ...,
        width: float = ...,
        height: float = ...,
        track_age: float = ...,
        unseen: float = ...,
    ) -> None: ...

class Marker(Message):
    ARROW: ClassVar[int]
    CUBE: ClassVar[int]
    SPHERE: ClassVar[int]
    CYLINDER: ClassVar[int]
    LINE_STRIP: ClassVar[int]
    LINE_LIST: ClassVar[int]
    CUBE_LIST: ClassVar[int]
    SPHERE_LIST: ClassVar[int]
    POINTS: ClassVar[int]
    TEXT_VIEW_FACING: ClassVar[int]
    MESH_RESOURCE: ClassVar[int]
    TRIANGLE_LIST: ClassVar[int]
    ARROW_STRIP: ClassVar[int]
    ADD: ClassVar[int]
    MODIFY: ClassVar[int]
    DELETE: ClassVar[int]
    DELETEALL: ClassVar[int]
    header: Header
    ns: str
    id: int
    type: int
    action: int
    pose: Pose
    scale: Vector3
    color: ColorRGBA
    lifetime: Duration
    frame_locked: bool
    points: list[Point]
    colors: list[ColorRGBA]
    texture_resource: str
    texture: CompressedImage
    uv_coordinates: list[UVCoordinate]
    text: str
    mesh_resource: str
    mesh_file: MeshFile
    mesh_use_embedded_materials: bool
    def __init__(
        self,
        header: Header = ...,
        ns: str = ...,
        id: int = ...,
        type: int = ...,
        action: int = ...,
        pose: Pose = ...,
        scale: Vector3 = ...,
        color: ColorRGBA = ...,
        lifetime: Duration = ...,
        frame_locked: bool = ...,
        points: list[Point] = ...,
        colors: list[ColorRGBA] = ...,
        texture_resource: str = ...,
        texture: CompressedImage = ...,
        uv_coordinates: list[UVCoordinate] = ...,
        text: str = ...,
        mesh_resource: str = ...,
        mesh_file: MeshFile = ...,
        mesh_use_embedded_materials: bool = ...,
    ) -> None: ...

class MarkerArray(Message):
    markers: list[Marker]
    def __init__(
        self,
        markers: list[Marker] = ...,
    ) -> None: ...

class MeshFile(Message):
    filename: str
    data: npt.NDArray[np.uint8]
    def __init__(
        self,
        filename: str = ...,
        data: npt.ArrayLike = ...,
    ) -> None: ...

class Odometry(Message):
    header: Header
    child_frame_id: str
    pose: PoseWithCovariance
    twist: TwistWithCovariance
    def __init__(
        self,
        header: Header = ...,
        child_frame_id: str = ...,
        pose: PoseWithCovariance = ...,
        twist: TwistWithCovariance = ...,
    ) -> None: ...

class PerceptionStatus(Message):
    header: Header
    model: str
    window: float
    input_rate: float
    output_rate: float
    received: int
    processed: int
    dropped: int
    rejected: int
    latency_p50: float
    latency_p95: float
    latency_p99: float
    run_p50: float
    run_p95: float
    run_p99: float
    def __init__(
        self,
        header: Header = ...,
        model: str = ...,
        window: float = ...,
        input_rate: float = ...,
        output_rate: float = ...,
        received: int = ...,
        processed: int = ...,
        dropped: int = ...,
        rejected: int = ...,
        latency_p50: float = ...,
        latency_p95: float = ...,
        latency_p99: float = ...,
        run_p50: float = ...,
        run_p95: float = ...,
        run_p99: float = ...,
    ) -> None: ...

class Place(Message):
    frame_id: str
    position: Point
    covariance: npt.NDArray[np.float64]
    distance: float
    deviation: float
    source: str
    def __init__(
        self,
        frame_id: str = ...,
        position: Point = ...,
        covariance: npt.ArrayLike = ...,
        distance: float = ...,
        deviation: float = ...,
        source: str = ...,
    ) -> None: ...

class Point(Message):
    x: float
    y: float
    z: float
    def __init__(
        self,
        x: float = ...,
        y: float = ...,
        z: float = ...,
    ) -> None: ...

class Pose(Message):
    position: Point
    orientation: Quaternion
    def __init__(
        self,
        position: Point = ...,
        orientation: Quaternion = ...,
    ) -> None: ...

class Pose2D(Message):
    x: float
    y: float
    theta: float
    def __init__(
        self,
        x: float = ...,
        y: float = ...,
        theta: float = ...,
    ) -> None: ...

class PoseStamped(Message):
    header: Header
    pose: Pose
    def __init__(
        self,
        header: Header = ...,
        pose: Pose = ...,
    ) -> None: ...

class PoseStatus(Message):
    header: Header
    nis: float
    nis_freedom: int
    nis_low: float
    nis_high: float
    used: int
    rejected: int
    standing: bool
    gyro_bias: npt.NDArray[np.float64]
    accel_bias: npt.NDArray[np.float64]
    def __init__(
        self,
        header: Header = ...,
        nis: float = ...,
        nis_freedom: int = ...,
        nis_low: float = ...,
        nis_high: float = ...,
        used: int = ...,
        rejected: int = ...,
        standing: bool = ...,
        gyro_bias: npt.ArrayLike = ...,
        accel_bias: npt.ArrayLike = ...,
    ) -> None: ...

class PoseWithCovariance(Message):
    pose: Pose
    covariance: npt.NDArray[np.float64]
    def __init__(
        self,
        pose: Pose = ...,
        covariance: npt.ArrayLike = ...,
    ) -> None: ...

class PoseWithCovarianceStamped(Message):
    header: Header
    pose: PoseWithCovariance
    def __init__(
        self,
        header: Header = ...,
        pose: PoseWithCovariance = ...,
    ) -> None: ...

class Quaternion(Message):
    x: float
    y: float
    z: float
    w: float
    def __init__(
        self,
        x: float = ...,
        y: float = ...,
        z: float = ...,
        w: float = ...,
    ) -> None: ...

class RegionOfInterest(Message):
    x_offset: int
    y_offset: int
    height: int
    width: int
    do_rectify: bool
    def __init__(
        self,
        x_offset: int = ...,
        y_offset: int = ...,
        height: int = ...,
        width: int = ...,
        do_rectify: bool = ...,
    ) -> None: ...

class SpeedLimit(Message):
    header: Header
    percentage: bool
    speed_limit: float
    def __init__(
        self,
        header: Header = ...,
        percentage: bool = ...,
        speed_limit: float = ...,
    ) -> None: ...

class StageTime(Message):
    name: str
    milliseconds: float
    model: str
    fault: str
    def __init__(
        self,
        name: str = ...,
        milliseconds: float = ...,
        model: str = ...,
        fault: str = ...,
    ) -> None: ...

class String(Message):
    data: str
    def __init__(
        self,
        data: str = ...,
    ) -> None: ...

class TFMessage(Message):
    transforms: list[TransformStamped]
    def __init__(
        self,
        transforms: list[TransformStamped] = ...,
    ) -> None: ...

class Time(Message):
    sec: int
    nanosec: int
    def __init__(
        self,
        sec: int = ...,
        nanosec: int = ...,
    ) -> None: ...

class Transform(Message):
    translation: Vector3
    rotation: Quaternion
    def __init__(
        self,
        translation: Vector3 = ...,
        rotation: Quaternion = ...,
    ) -> None: ...

class TransformStamped(Message):
    header: Header
    child_frame_id: str
    transform: Transform
    def __init__(
        self,
        header: Header = ...,
        child_frame_id: str = ...,
        transform: Transform = ...,
    ) -> None: ...

class Twist(Message):
    linear: Vector3
    angular: Vector3
    def __init__(
        self,
        linear: Vector3 = ...,
        angular: Vector3 = ...,
    ) -> None: ...

class TwistStamped(Message):
    header: Header
    twist: Twist
    def __init__(
        self,
        header: Header = ...,
        twist: Twist = ...,
    ) -> None: ...

class TwistWithCovariance(Message):
    twist: Twist
    covariance: npt.NDArray[np.float64]
    def __init__(
        self,
        twist: Twist = ...,
        covariance: npt.ArrayLike = ...,
    ) -> None: ...

class TwistWithCovarianceStamped(Message):
    header: Header
    twist: TwistWithCovariance
    def __init__(
        self,
        header: Header = ...,
        twist: TwistWithCovariance = ...,
    ) -> None: ...

class UVCoordinate(Message):
    u: float
    v: float
    def __init__(
        self,
        u: float = ...,
        v: float = ...,
    ) -> None: ...

class Vector3(Message):
    x: float
    y: float
    z: float
    def __init__(
        self,
        x: float = ...,
        y: float = ...,
        z: float = ...,
    ) -> None: ...
