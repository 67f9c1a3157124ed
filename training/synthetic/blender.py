"""Rendering: the one module that knows Blender, as the Python module `bpy`."""

# ruff: noqa: ANN401 - what Blender is made of has no types

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.synthetic.arrays import ImageU8, as_bytes
from training.synthetic.camera import Camera
from training.synthetic.errors import SynthesisError
from training.synthetic.surface import Color, Material, Surface

try:
    import bpy  # type: ignore[import-not-found]
    import mathutils  # type: ignore[import-not-found]
except ImportError as error:
    raise SynthesisError(
        "pictures are rendered by the package bpy: run `make synthetic`"
    ) from error

_LABEL, _OWN, _BALE = "label", "own", "bale"


@dataclass(frozen=True)
class Light:
    """A sun, and a sky around the scene.

    Attributes:
        sun: direction that its rays come from, x, y, z.
        sun_strength: watts per square metre.
        sun_color: sRGB.
        sun_angle: apparent size in degrees; large is soft.
        sky: float32[h, w, 3] linear, the whole sphere; top row is straight up.
        sky_strength: factor of it.
    """

    sun: tuple[float, float, float]
    sun_strength: float
    sun_color: Color
    sun_angle: float
    sky: NDArray[np.float32]
    sky_strength: float


class Stage:
    """A scene that can be looked at twice: as a picture, and as labels."""

    def __init__(self, surfaces: Sequence[Surface], camera: Camera, threads: int) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self._scene = bpy.context.scene
        self._camera = camera
        self._surfaces = surfaces
        self._objects = [self._add(surface) for surface in surfaces]
        self._set_up(threads)
        self._place_camera()

    def labels(self) -> NDArray[np.uint8]:
        """uint8[H, W]: the label of what a ray through the middle of each pixel meets."""
        opaque = _label_material(None)
        for surface, mesh in zip(self._surfaces, self._objects, strict=True):
            mesh.data.materials.clear()
            holes = surface.material.has_holes
            mesh.data.materials.append(_label_material(surface.material) if holes else opaque)
        settings = self._scene.cycles
        settings.samples = 1
        settings.use_denoising = False
        settings.max_bounces = 0
        settings.pixel_filter_type = "BOX"
        settings.filter_width = 0.01
        self._scene.world = None
        return as_bytes(self._render()[..., 0] * 255)

    def picture(self, light: Light, samples: int) -> NDArray[np.float32]:
        """float32[H, W, 4], linear and premultiplied; `samples` rays per pixel, denoised."""
        for surface, mesh in zip(self._surfaces, self._objects, strict=True):
            mesh.data.materials.clear()
            mesh.data.materials.append(_material(surface.material))
        self._light(light)
        settings = self._scene.cycles
        settings.samples = samples
        settings.use_denoising = True
        # The thorough denoiser takes longer than all rays together.
        settings.denoising_quality = settings.denoising_prefilter = "FAST"
        settings.max_bounces = 2
        settings.pixel_filter_type = "BLACKMAN_HARRIS"
        settings.filter_width = 1.5
        return self._render()

    def _add(self, surface: Surface) -> Any:
        mesh = bpy.data.meshes.new("surface")
        count = len(surface.triangles)
        mesh.vertices.add(len(surface.vertices))
        mesh.vertices.foreach_set("co", _flat(surface.vertices))
        mesh.loops.add(3 * count)
        mesh.loops.foreach_set("vertex_index", _flat(surface.triangles))
        mesh.polygons.add(count)
        mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
        mesh.polygons.foreach_set("use_smooth", np.ones(count, dtype=bool))
        mesh.uv_layers.new(name=_OWN).data.foreach_set("uv", _flat(surface.uvs))
        if surface.material.pattern is not None:
            mesh.uv_layers.new(name=_BALE).data.foreach_set("uv", _flat(surface.metric_uvs))
        label = mesh.attributes.new(_LABEL, "FLOAT", "FACE")
        label.data.foreach_set("value", surface.labels.astype(np.float32) / 255)
        mesh.update(calc_edges=True)
        thing = bpy.data.objects.new("surface", mesh)
        self._scene.collection.objects.link(thing)
        return thing

    def _set_up(self, threads: int) -> None:
        render, settings = self._scene.render, self._scene.cycles
        render.engine = "CYCLES"
        render.resolution_y, render.resolution_x = self._camera.size
        render.film_transparent = True
        render.use_persistent_data = True
        render.threads_mode = "FIXED"
        render.threads = threads
        render.image_settings.file_format = "OPEN_EXR"
        render.image_settings.color_mode = "RGBA"
        render.image_settings.color_depth = "32"
        render.dither_intensity = 0
        settings.device = "CPU"
        settings.use_adaptive_sampling = False
        settings.transparent_max_bounces = 32
        settings.caustics_reflective = settings.caustics_refractive = False
        self._scene.view_settings.view_transform = "Standard"

    def _place_camera(self) -> None:
        camera, (height, width) = self._camera, self._camera.size
        data = bpy.data.cameras.new("camera")
        data.sensor_fit = "HORIZONTAL"
        data.sensor_width = 36
        data.lens = camera.focal * 36 / width
        data.shift_x = (width / 2 - camera.center[0]) / width
        data.shift_y = (camera.center[1] - height / 2) / width
        data.clip_start, data.clip_end = 0.05, 200
        right, down, forward = camera.axes
        matrix = np.eye(4)
        matrix[:3] = np.stack([right, -down, -forward, camera.position], axis=1)
        thing = bpy.data.objects.new("camera", data)
        thing.matrix_world = mathutils.Matrix(matrix.tolist())
        self._scene.collection.objects.link(thing)
        self._scene.camera = thing

    def _light(self, light: Light) -> None:
        data = bpy.data.lights.new("sun", "SUN")
        data.energy = light.sun_strength
        data.color = [_linear(channel) for channel in light.sun_color]
        data.angle = np.radians(light.sun_angle)
        sun = bpy.data.objects.new("sun", data)
        sun.rotation_mode = "QUATERNION"
        sun.rotation_quaternion = mathutils.Vector(light.sun).to_track_quat("Z", "Y")
        self._scene.collection.objects.link(sun)
        world = bpy.data.worlds.new("sky")
        world.use_nodes = True
        # The sky is smooth and small; sampling it by importance costs more than it brings.
        world.cycles.sampling_method = "NONE"
        nodes = world.node_tree.nodes
        sky = nodes.new("ShaderNodeTexEnvironment")
        sky.image = _image(light.sky, is_linear=True)
        background = nodes["Background"]
        background.inputs["Strength"].default_value = light.sky_strength
        world.node_tree.links.new(sky.outputs["Color"], background.inputs["Color"])
        self._scene.world = world

    def _render(self) -> NDArray[np.float32]:
        """float32[H, W, 4], linear and premultiplied."""
        height, width = self._camera.size
        with tempfile.TemporaryDirectory(prefix="limn-") as folder:
            path = Path(folder) / "render.exr"
            self._scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True)
            image = bpy.data.images.load(str(path))
            pixels = np.empty(height * width * 4, dtype=np.float32)
            image.pixels.foreach_get(pixels)
            bpy.data.images.remove(image)
        return pixels.reshape(height, width, 4)[::-1]


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array).reshape(-1)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _image(content: NDArray[Any], is_linear: bool = False) -> Any:
    """A Blender image of uint8 sRGB, or of linear float32; top row first."""
    height, width, channels = content.shape
    pixels = np.ones((height, width, 4), dtype=np.float32)
    pixels[..., :channels] = content if is_linear else content.astype(np.float32) / 255
    image = bpy.data.images.new("image", width, height, alpha=True, float_buffer=is_linear)
    image.alpha_mode = "CHANNEL_PACKED"
    image.pixels.foreach_set(_flat(pixels[::-1]))
    image.update()
    return image


def _nodes(name: str) -> tuple[Any, Any, Any]:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.clear()
    return material, nodes, nodes.new("ShaderNodeOutputMaterial")


def _texture(nodes: Any, links: Any, texture: ImageU8, uv_layer: str) -> Any:
    place = nodes.new("ShaderNodeUVMap")
    place.uv_map = uv_layer
    node = nodes.new("ShaderNodeTexImage")
    node.image = _image(texture)
    links.new(place.outputs["UV"], node.inputs["Vector"])
    return node


def _material(look: Material) -> Any:
    material, nodes, output = _nodes("picture")
    links = material.node_tree.links
    shader = nodes.new("ShaderNodeBsdfPrincipled")
    inputs = shader.inputs
    color = (*map(_linear, look.color), 1.0)
    inputs["Base Color"].default_value = color
    inputs["Roughness"].default_value = look.roughness
    inputs["Specular IOR Level"].default_value = look.specular
    inputs["Sheen Weight"].default_value = look.sheen
    base = None
    for image, uv_layer in ((look.texture, _OWN), (look.pattern, _BALE)):
        if image is not None:
            texture = _texture(nodes, links, image, uv_layer)
            base = _multiplied(nodes, links, texture.outputs["Color"], base, color)
            if uv_layer == _OWN and look.has_holes:
                links.new(texture.outputs["Alpha"], inputs["Alpha"])
    if base is not None:
        links.new(base, inputs["Base Color"])
    links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return material


def _multiplied(nodes: Any, links: Any, first: Any, second: Any, color: tuple[float, ...]) -> Any:
    """`first` times `second`, or times `color` where there is no second."""
    product = nodes.new("ShaderNodeMix")
    product.data_type, product.blend_type = "RGBA", "MULTIPLY"
    product.inputs[0].default_value = 1.0
    product.inputs[7].default_value = color
    links.new(first, product.inputs[6])
    if second is not None:
        links.new(second, product.inputs[7])
    return product.outputs[2]


def _label_material(look: Material | None) -> Any:
    """Light of a strength that is the label; nothing where the texture is more hole than not."""
    material, nodes, output = _nodes("label")
    links = material.node_tree.links
    label = nodes.new("ShaderNodeAttribute")
    label.attribute_name = _LABEL
    emission = nodes.new("ShaderNodeEmission")
    links.new(label.outputs["Fac"], emission.inputs["Strength"])
    shader = emission
    if look is not None and look.texture is not None:
        texture = _texture(nodes, links, look.texture, _OWN)
        texture.interpolation = "Closest"
        solid = nodes.new("ShaderNodeMath")
        solid.operation = "GREATER_THAN"
        solid.inputs[1].default_value = 0.5
        hole = nodes.new("ShaderNodeBsdfTransparent")
        shader = nodes.new("ShaderNodeMixShader")
        links.new(texture.outputs["Alpha"], solid.inputs[0])
        links.new(solid.outputs[0], shader.inputs[0])
        links.new(hole.outputs[0], shader.inputs[1])
        links.new(emission.outputs[0], shader.inputs[2])
    links.new(shader.outputs[0], output.inputs["Surface"])
    return material
